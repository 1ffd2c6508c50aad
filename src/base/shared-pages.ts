/** What WebAssembly memory is made of; it begins at an address that is a multiple of this, too. */
export const PAGE_BYTES = 65_536;

/**
 * Zeroed memory of `sizeBytes`, a multiple of {@link PAGE_BYTES}, that threads share: memory that is handed from one to another
 * counts as new garbage for both each time. Its address is that of a page, which other buffers do not promise and writing
 * without the page cache asks for.
 */
export function makeSharedPages(sizeBytes: number): SharedArrayBuffer {
  const pages = sizeBytes / PAGE_BYTES;
  try {
    // Node's types do not know of shared memories.
    const pagesShared = { initial: pages, maximum: pages, shared: true };
    return new WebAssembly.Memory(pagesShared).buffer as ArrayBufferLike as SharedArrayBuffer;
  } catch (error) {
    // Each reserves gigabytes of addresses, which a limit on these (`ulimit -v`) may not allow.
    if (!(error instanceof RangeError)) throw error;
    return new SharedArrayBuffer(sizeBytes);
  }
}
