import type { Generator } from '../generate.ts';
import type { Dataset } from './dataset.ts';
import { changeTree, type TreePlan, writeTree } from './write-tree.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * 3 GB in 50,000 files: sizes log-normal between 1 KiB and 50 MiB (most are small, most bytes are in the large ones), four in ten files
 * text, two records, four incompressible.
 */
export const mixedFiles: Dataset = {
  letter: 'b',
  title: '3 GB mixed, 50,000 files',
  write: (root, scale) => writeTree(root, planOf(scale)),
  nextDay: (root, scale, day) => changeTree(root, planOf(scale), day),
};

function planOf(scale: number): TreePlan {
  const files = Math.round(50_000 * scale);
  return {
    purpose: 'mixed-files',
    files,
    dirs: Math.max(1, Math.round(1_500 * scale)),
    sizes: (generator) => logNormalSizes(generator, files, 3e9 * scale),
    content: mixed,
  };
}

/** Draws sizes around a median of 8 KiB and stretches them so that they add up to about `totalBytes`. */
function logNormalSizes(generator: Generator, files: number, totalBytes: number): Float64Array {
  const drawn = Float64Array.from({ length: files }, () => clamp(8 * KIB * Math.exp(2 * generator.normal())));
  const stretch = totalBytes / drawn.reduce((sum, size) => sum + size, 0);
  return drawn.map((size) => Math.round(clamp(size * stretch)));
}

function clamp(sizeBytes: number): number {
  return Math.min(50 * MIB, Math.max(KIB, sizeBytes));
}

function mixed(generator: Generator, sizeBytes: number): Uint8Array {
  const draw = generator.below(10);
  if (draw < 4) return generator.prose(sizeBytes);
  return draw < 6 ? generator.records(sizeBytes) : generator.noise(sizeBytes);
}
