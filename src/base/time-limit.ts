import { LONGEST_WAIT_MS } from './clock.ts';

/** A signal that also ends by itself after some time. Dispose of it when what it limits has ended. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

/** `expired` makes the reason that the signal is aborted with once the time, at most {@link LONGEST_WAIT_MS}, is over; undefined: there is no limit. */
export function limitTime(signal: AbortSignal, limitMs: number | undefined, expired: () => Error): TimeLimit {
  if (limitMs === undefined) return { signal, [Symbol.dispose]() {} };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(expired()), Math.min(limitMs, LONGEST_WAIT_MS));
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
