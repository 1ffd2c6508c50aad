/**
 * Shared buffers that ranges of packs are read into again and again. A new one for each range costs page faults, and rounds of the garbage
 * collector: one for every few that are handed from thread to thread.
 */
export interface RangeBuffers {
  /** All of them, for the workers. They take memory once they are written to. */
  readonly all: readonly SharedArrayBuffer[];
  /** The number of one with room for `length` bytes; undefined when all are in use, or when none is worth it or large enough. */
  take(length: number): number | undefined;
  give(number: number): void;
}

/** A smaller range is read into bytes of its own. */
const LEAST_BYTES = 64 * 1024;

export function openRangeBuffers(count: number, sizeBytes: number): RangeBuffers {
  const all = Array.from({ length: count }, () => new SharedArrayBuffer(sizeBytes));
  // The one that was given last is taken first: few are touched where few are needed.
  const free = all.map((_, number) => number).reverse();
  return {
    all,
    take: (length) => (length < LEAST_BYTES || length > sizeBytes ? undefined : free.pop()),
    give: (number) => {
      free.push(number);
    },
  };
}
