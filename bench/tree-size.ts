import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Number and content size of all files below `root`; nothing when it does not exist. */
export function countTree(root: string): { files: number; sizeBytes: number } {
  const total = { files: 0, sizeBytes: 0 };
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile()) {
        total.files += 1;
        total.sizeBytes += lstatSync(path).size;
      }
    }
  }
  return total;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
