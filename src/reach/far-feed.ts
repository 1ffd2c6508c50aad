import type { Writable } from 'node:stream';

/**
 * Sends a line and then the input, no faster than it is taken, and ends stdin. What closes its stdin early, or has ended, is no error. Throws
 * what the input throws; stdin is still open then.
 */
export async function feedFar(
  stdin: Writable,
  line: Uint8Array,
  { input, exited }: { readonly input: AsyncIterable<Uint8Array> | undefined; readonly exited: Promise<unknown> },
): Promise<void> {
  const chunks = input?.[Symbol.asyncIterator]();
  const closed = Promise.withResolvers<void>();
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    closed.resolve();
    // The input may never have another chunk; nobody waits for it.
    chunks?.return?.()?.catch(() => undefined);
  };
  stdin.on('error', () => undefined).once('close', close);
  void exited.then(close);
  stdin.write(line);
  for (let next = await chunks?.next(); isOpen && next?.done === false; next = await chunks?.next()) {
    if (stdin.write(next.value)) continue;
    await Promise.race([new Promise((resolve) => stdin.once('drain', resolve)), closed.promise]);
  }
  stdin.end();
}
