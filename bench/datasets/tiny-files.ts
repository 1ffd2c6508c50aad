import type { Dataset } from './dataset.ts';
import { changeTree, type TreePlan, writeTree } from './write-tree.ts';

/** 1,000,000 files in 10,000 directories: half of them empty, the others of up to 64 bytes. */
export const tinyFiles: Dataset = {
  letter: 'e',
  title: '1,000,000 empty and tiny files',
  write: (root, scale) => writeTree(root, planOf(scale)),
  nextDay: (root, scale, day) => changeTree(root, planOf(scale), day),
};

function planOf(scale: number): TreePlan {
  const files = Math.round(1_000_000 * scale);
  return {
    purpose: 'tiny-files',
    files,
    dirs: Math.max(1, Math.round(10_000 * scale)),
    sizes: (generator) =>
      Float64Array.from({ length: files }, () => (generator.below(2) === 0 ? 0 : 1 + generator.below(64))),
    content: (generator, sizeBytes) => generator.noise(sizeBytes),
  };
}
