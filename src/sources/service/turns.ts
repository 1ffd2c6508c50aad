/** One after another: whoever takes a turn has it until it is disposed of. */
export interface Turns {
  /** Waits for all turns taken before. Throws the signal's reason when that is aborted first. */
  take(signal: AbortSignal): Promise<Disposable>;
}

export function openTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async take(signal) {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = before.then(() => promise);
      try {
        await untilAborted(before, signal);
      } catch (error) {
        resolve();
        throw error;
      }
      return { [Symbol.dispose]: resolve };
    },
  };
}

async function untilAborted(waited: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([waited, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
