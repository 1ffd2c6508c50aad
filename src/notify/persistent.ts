/** Sends a message as often as it takes, within a limit. */
import type { Clock } from '../base/clock.ts';
import { SuretyError } from '../base/errors.ts';
import { mayRetry, type RetryPolicy, retry } from '../base/retry.ts';
import { limitTime } from '../base/time-limit.ts';
import type { Delivery, Message, Notifier, Refusal } from './notifier.ts';

export interface PersistentHow {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** All attempts and the pauses between them take no longer. */
  readonly limitMs: number;
  readonly policy?: RetryPolicy | undefined;
}

/** Pauses of 1 to 30 s; the time limit ends it. */
const POLICY: RetryPolicy = { attempts: 12, firstDelayMs: 2000, longestDelayMs: 30_000 };

/**
 * The delivery, in which those who were refused are refused for good or until the time was over. Throws what the last attempt said
 * when the message reached nobody.
 */
export async function sendPersistently(notifier: Notifier, message: Message, how: PersistentHow): Promise<Delivery> {
  const accepted: string[] = [];
  let answer = '';
  let refused: readonly Refusal[] = [];
  let left: readonly string[] = notifier.traits.recipients;
  let last: unknown;
  using limit = limitTime(how.signal, how.limitMs, () => tooLong(notifier, how.limitMs));
  const attempt = async () => {
    try {
      const delivery = await notifier.send(message, { signal: limit.signal, only: left });
      accepted.push(...delivery.accepted);
      answer = delivery.answer;
      refused = [...refused, ...delivery.refused.filter(({ error }) => !mayRetry(error))];
      const later = delivery.refused.filter(({ error }) => mayRetry(error));
      left = later.map(({ recipient }) => recipient);
      if (later[0] !== undefined) throw later[0].error;
    } catch (error) {
      if (!limit.signal.aborted) last = error;
      throw error;
    }
  };
  try {
    await retry(attempt, { signal: limit.signal, clock: how.clock, policy: how.policy ?? POLICY });
  } catch (thrown) {
    // The limit ends a pause or an attempt: what was in the way before says more than that it took too long.
    const error = how.signal.aborted || !(last instanceof SuretyError) ? thrown : last;
    if (accepted.length === 0 || !(error instanceof SuretyError)) throw error;
    refused = [...refused, ...left.map((recipient) => ({ recipient, error }))];
  }
  return { answer, accepted, refused };
}

function tooLong({ traits }: Notifier, limitMs: number): SuretyError {
  const seconds = Math.round(limitMs / 1000);
  return new SuretyError('notify.timeout', `${traits.location} did not take the message within ${seconds} s`, {
    hint: 'look whether the server can be reached from here; surety notify test tells',
  });
}
