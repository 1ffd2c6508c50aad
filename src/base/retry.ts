import { type Clock, systemClock } from './clock.ts';
import { SuretyError } from './errors.ts';
import { randomBytes } from './ids.ts';

export interface RetryPolicy {
  /** How often the call is made at most, the first one included. */
  readonly attempts: number;
  /** Pause before the second attempt; it doubles with each further one. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /**
   * No third or later attempt begins so long after the first one: where each takes a minute to fail, two are enough. The second is always
   * made, for what was slow and broke off once. Default: without end.
   */
  readonly patienceMs?: number;
  /** False: that holds for the second as well. */
  readonly alwaysTwice?: boolean;
}

export interface RetryHow {
  readonly signal: AbortSignal;
  readonly policy?: RetryPolicy | undefined;
  readonly clock?: Clock | undefined;
  /** Told before each pause. */
  readonly onRetry?: ((failed: FailedAttempt) => void) | undefined;
  /** When the first attempt began or last got anywhere, by the clock's `elapsedMs`. {@link retry} knows it by itself. */
  readonly startedMs?: number;
}

export interface FailedAttempt {
  readonly error: unknown;
  /** 1 for the first. */
  readonly attempt: number;
  readonly delayMs: number;
}

/** About a minute of pauses in all. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 8,
  firstDelayMs: 250,
  longestDelayMs: 20_000,
  patienceMs: 100_000,
};

/** Where somebody waits for the answer: a blip passes, and what does not answer is told within two seconds. */
export const shortRetryPolicy: RetryPolicy = {
  attempts: 4,
  firstDelayMs: 200,
  longestDelayMs: 800,
  patienceMs: 5000,
  alwaysTwice: false,
};

/**
 * Makes a call again while it fails with an error whose `retry` is `later`. Any other error, and the last one, is thrown
 * as it is. `attempt` counts from 1.
 */
export async function retry<T>(call: (attempt: number) => Promise<T>, how: RetryHow): Promise<T> {
  const startedMs = (how.clock ?? systemClock).elapsedMs();
  for (let attempt = 1; ; attempt++) {
    how.signal.throwIfAborted();
    try {
      return await call(attempt);
    } catch (error) {
      await pauseBeforeRetry(error, attempt, { startedMs, ...how });
    }
  }
}

/** Waits for the next attempt's time, or throws `error` again when there is none. */
export async function pauseBeforeRetry(error: unknown, attempt: number, how: RetryHow): Promise<void> {
  how.signal.throwIfAborted();
  const policy = how.policy ?? defaultRetryPolicy;
  if (!mayRetry(error) || attempt >= policy.attempts) throw error;
  const delayMs = retryDelayMs(policy, attempt, randomBytes(4).readUInt32LE() / 2 ** 32);
  const clock = how.clock ?? systemClock;
  const passedMs = how.startedMs === undefined ? 0 : clock.elapsedMs() - how.startedMs;
  const isBound = attempt > 1 || policy.alwaysTwice === false;
  if (isBound && passedMs + delayMs > (policy.patienceMs ?? Number.POSITIVE_INFINITY)) throw error;
  how.onRetry?.({ error, attempt, delayMs });
  await clock.sleep(delayMs, how.signal);
}

/** True when the same call may succeed a little later without anybody doing anything. */
export function mayRetry(error: unknown): boolean {
  return error instanceof SuretyError && error.retry === 'later';
}

/** Half of the doubled delay is fixed and half is random, so that many waiting callers do not return at once. */
export function retryDelayMs(policy: RetryPolicy, attempt: number, fraction: number): number {
  const fullMs = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (attempt - 1));
  return fullMs / 2 + (fullMs / 2) * fraction;
}
