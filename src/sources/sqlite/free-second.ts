import { type Clock, systemClock } from '../../base/clock.ts';
import { hasCode } from '../../base/errors.ts';

const SECOND_MS = 1000;
/** As many may wait for each other. */
const ATTEMPTS = 10;

/**
 * The name of what is kept has the second of the swap in it. A swap that finds its name taken has changed nothing: it is done in the next
 * second. Throws what `swap` throws, `target.exists` also where the names of all the next seconds are taken.
 */
export async function inFreeSecond<T>(
  swap: (now: Date) => T | Promise<T>,
  signal: AbortSignal,
  clock: Pick<Clock, 'now' | 'sleep'> = systemClock,
): Promise<T> {
  let now = clock.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await swap(now);
    } catch (error) {
      if (!hasCode(error, 'target.exists') || error.retry !== 'later' || attempt === ATTEMPTS) throw error;
    }
    // A timer may end a little early, so the time is not asked again.
    const nowMs = Math.max(now.getTime(), clock.now().getTime());
    now = new Date((Math.floor(nowMs / SECOND_MS) + 1) * SECOND_MS);
    await clock.sleep(now.getTime() - clock.now().getTime(), signal);
  }
}
