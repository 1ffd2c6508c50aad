import type { Generator } from '../generate.ts';
import type { Dataset } from './dataset.ts';
import { changeTree, type TreePlan, writeTree } from './write-tree.ts';

/** 100,000 files of 0.5 to 16 KiB (sizes evenly spread on a logarithmic scale), seven in ten of them text, in 2,000 directories. */
export const smallFiles: Dataset = {
  letter: 'a',
  title: '100,000 small files',
  write: (root, scale) => writeTree(root, planOf(scale)),
  nextDay: (root, scale, day) => changeTree(root, planOf(scale), day),
};

function planOf(scale: number): TreePlan {
  const files = Math.round(100_000 * scale);
  return {
    purpose: 'small-files',
    files,
    dirs: Math.max(1, Math.round(2_000 * scale)),
    sizes: (generator) => Float64Array.from({ length: files }, () => Math.round(512 * 32 ** generator.fraction())),
    content: mostlyText,
  };
}

function mostlyText(generator: Generator, sizeBytes: number): Uint8Array {
  return generator.below(10) < 7 ? generator.prose(sizeBytes) : generator.noise(sizeBytes);
}
