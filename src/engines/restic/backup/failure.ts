/**
 * The first failure of what goes on beside the main flow (workers, packs on their way, trees being saved), so that whoever waits for
 * something else learns of it.
 */
export interface Failure {
  /** Notes a failure; only the first one counts. */
  readonly report: (error: unknown) => void;
  /** The result of `work`, or the failure, whichever comes first. */
  during<T>(work: Promise<T>): Promise<T>;
  throwIfAny(): void;
}

/** An abort of the signal is a failure like any other. */
export function watchFailure(signal: AbortSignal): Failure {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  let first: { readonly error: unknown } | undefined;
  const report = (error: unknown): void => {
    first ??= { error };
    reject(first.error);
  };
  if (signal.aborted) report(signal.reason);
  else signal.addEventListener('abort', () => report(signal.reason), { once: true });
  return {
    report,
    during: (work) => Promise.race([work, promise]),
    throwIfAny: () => {
      if (first !== undefined) throw first.error;
    },
  };
}
