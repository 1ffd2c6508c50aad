/**
 * Memory whose address is that of a page, which other buffers do not promise and writing without the page cache asks for: it is
 * WebAssembly's. Sizes are multiples of {@link PAGE_BYTES}.
 */
export const PAGE_BYTES = 65_536;

/** Zeroed memory for one thread. */
export function makePages(sizeBytes: number): ArrayBufferLike {
  return makeMemory(sizeBytes, false) ?? new ArrayBuffer(sizeBytes);
}

/** Zeroed memory that threads share: memory that is handed from one to another counts as new garbage for both each time. */
export function makeSharedPages(sizeBytes: number): SharedArrayBuffer {
  return (makeMemory(sizeBytes, true) as SharedArrayBuffer | undefined) ?? new SharedArrayBuffer(sizeBytes);
}

/** Undefined where the addresses are limited (`ulimit -v`): each memory reserves gigabytes of them. */
function makeMemory(sizeBytes: number, shared: boolean): ArrayBufferLike | undefined {
  const pages = sizeBytes / PAGE_BYTES;
  // Node's types do not know of shared memories.
  const descriptor = { initial: pages, maximum: pages, shared };
  try {
    return new WebAssembly.Memory(descriptor).buffer;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}
