/** Counts what was healed, by where it came from. */
import type { Healed } from '../../engine.ts';

export interface Account {
  file(from: string, sizeBytes: number): void;
  blob(from: string, sizeBytes: number): void;
  readonly healed: readonly Healed[];
  readonly sizeBytes: number;
}

export function openAccount(): Account {
  const places = new Map<string, Healed>();
  const add = (from: string, files: number, blobs: number, sizeBytes: number): void => {
    const known = places.get(from) ?? { from, files: 0, blobs: 0, sizeBytes: 0 };
    places.set(from, {
      from,
      files: known.files + files,
      blobs: known.blobs + blobs,
      sizeBytes: known.sizeBytes + sizeBytes,
    });
  };
  return {
    file: (from, sizeBytes) => add(from, 1, 0, sizeBytes),
    blob: (from, sizeBytes) => add(from, 0, 1, sizeBytes),
    get healed() {
      return [...places.values()];
    },
    get sizeBytes() {
      return [...places.values()].reduce((sum, one) => sum + one.sizeBytes, 0);
    },
  };
}
