/** The one owner of the clock. Whatever depends on time takes a {@link Clock} or a `now`, so that tests can choose it. */
export interface Clock {
  /** The wall clock: what people and retention see. It may jump. */
  now(): Date;
  /** Milliseconds since some fixed moment; never goes back. For durations. */
  elapsedMs(): number;
  /** Resolves after `durationMs`, or {@link LONGEST_WAIT_MS} where that is less; rejects with the signal's reason when it is aborted first. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>;
}

/** What a timer of the system waits at most, 24 days: with more than that it would end at once. */
export const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  sleep,
};

function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', stop);
        resolve();
      },
      Math.min(durationMs, LONGEST_WAIT_MS),
    );
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** A UTC time for names: `20261120T030700Z`. Sorts by time. */
export function utcStamp(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '')}Z`;
}
