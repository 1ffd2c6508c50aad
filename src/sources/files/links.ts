import type { RestoredEntry } from '../source.ts';
import type { Origin } from './batch.ts';

/** Remembers where the first name of each hard-linked file went. Grows with those files, not with all. */
export interface LinkRegistry {
  /** Undefined for a file with one name. `first` is the name that gets the content; the others are linked to it. */
  register(entry: RestoredEntry, path: string): { readonly origin: Origin; readonly first: boolean } | undefined;
}

export function linkRegistry(): LinkRegistry {
  const known = new Map<string, { readonly origin: Origin; left: number; readonly sizeBytes: number }>();
  return {
    register(entry, path) {
      if (entry.type !== 'file' || entry.links < 2) return undefined;
      const key = `${entry.device}:${entry.inode}`;
      const file = known.get(key);
      // A different size: the names were backed up at different moments.
      if (file === undefined || file.sizeBytes !== entry.sizeBytes) {
        const origin = { path, failed: false };
        known.set(key, { origin, left: entry.links - 1, sizeBytes: entry.sizeBytes });
        return { origin, first: true };
      }
      file.left -= 1;
      if (file.left <= 0) known.delete(key);
      return { origin: file.origin, first: false };
    },
  };
}
