/** Requests that are under way at once, so that a round trip is paid once and not for each. */

/** Data that every server takes in one request; OpenSSH would take eight times as much, which is no faster. */
export const PIECE_BYTES = 1 << 15;
/** Pieces under way at once: more than fits into the window of an SSH channel (2 MiB), so that it never runs dry. */
export const OUTSTANDING = 128;

/**
 * Calls `request` for 0 … `count` - 1, at most `outstanding` at once. After the first failure, or once the signal is aborted, no further
 * one is made; what is under way is awaited, then the failure is thrown.
 */
export function pipelined(
  count: number,
  outstanding: number,
  signal: AbortSignal,
  request: (index: number) => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let underWay = 0;
    let failure: { readonly error: unknown } | undefined;
    const fail = (error: unknown): void => {
      failure ??= { error };
    };
    const advance = (): void => {
      while (next < count && underWay < outstanding && failure === undefined) {
        if (signal.aborted) {
          fail(signal.reason);
          break;
        }
        underWay += 1;
        void request(next++).catch(fail).then(settled);
      }
      if (underWay > 0) return;
      if (failure === undefined) resolve();
      else reject(failure.error);
    };
    const settled = (): void => {
      underWay -= 1;
      advance();
    };
    advance();
  });
}

/** The promise's outcome, or the signal's reason as soon as it is aborted: what was asked of a server may never be answered. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
