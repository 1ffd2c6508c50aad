import { type Clock, systemClock } from '../../base/clock.ts';
import { hasCode } from '../../base/errors.ts';

const SECOND_MS = 1000;

/**
 * The name of what is kept has the second of the swap in it. A swap that finds its name taken has changed nothing: it is done in the next
 * second. Throws what `swap` throws, `target.exists` also where that name is taken too.
 */
export async function inFreeSecond<T>(
  swap: (now: Date) => T | Promise<T>,
  signal: AbortSignal,
  clock: Pick<Clock, 'now' | 'sleep'> = systemClock,
): Promise<T> {
  try {
    return await swap(clock.now());
  } catch (error) {
    if (!hasCode(error, 'target.exists') || error.retry !== 'later') throw error;
    // A timer may end a little early, so the time is not asked again.
    const nowMs = clock.now().getTime();
    const next = (Math.floor(nowMs / SECOND_MS) + 1) * SECOND_MS;
    await clock.sleep(next - nowMs, signal);
    return await swap(new Date(next));
  }
}
