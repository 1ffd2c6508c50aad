/** A set of entry numbers of a {@link import('./blob-table.ts').BlobTable}: one bit for each. */
export interface EntrySet {
  has(entry: number): boolean;
  /** False when it was in already. */
  add(entry: number): boolean;
}

/** A set that can hold the numbers below `capacity`. */
export function createEntrySet(capacity: number): EntrySet {
  const bits = new Uint8Array((capacity + 7) >> 3);
  return {
    has: (entry) => (bits[entry >> 3]! & (1 << (entry & 7))) !== 0,
    add(entry) {
      const bit = 1 << (entry & 7);
      if ((bits[entry >> 3]! & bit) !== 0) return false;
      bits[entry >> 3]! |= bit;
      return true;
    },
  };
}
