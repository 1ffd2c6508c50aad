/** Ends what was started on another host. */
import type { FarChannel, FarEnd } from './far-channel.ts';
import { endLine, endLostLine } from './far-script.ts';

/** For how long ending it is tried before the connection is given up instead. */
const PATIENCE_MS = 10_000;

/**
 * Ends a process group there by a command of its own, SIGTERM first and SIGKILL for what is left when `ended` resolves or `killAfterMs` have
 * passed. Resolves when that is done; where it can not be done, nothing more can.
 */
export async function endFarGroup(
  far: FarEnd,
  group: number,
  { ended, killAfterMs }: { readonly ended: Promise<unknown>; readonly killAfterMs: number },
): Promise<void> {
  let killer: FarChannel;
  try {
    killer = await far.open({ signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    return;
  }
  const impatient = setTimeout(() => killer.close(), PATIENCE_MS + killAfterMs);
  try {
    killer.stdin.on('error', () => undefined).write(endLine(group));
    killer.stdout.resume();
    killer.stderr.resume();
    await within(Promise.race([ended, killer.ended]), killAfterMs);
    killer.stdin.end();
    await killer.ended;
  } finally {
    clearTimeout(impatient);
    killer.close();
  }
}

/** For how long it is tried where the connection was lost: nobody waits gladly for what has failed. */
const LOST_PATIENCE_MS = 3000;

/**
 * Asks a process group there to end whose connection was lost, over another one. Nobody reads what it writes any more, and not everything notices
 * that: a dump would wait for ever, and hold its locks. Resolves when that is done, or can not be done.
 */
export async function endLostGroup(far: FarEnd, group: number): Promise<void> {
  const signal = AbortSignal.timeout(LOST_PATIENCE_MS);
  try {
    const killer = await far.open({ signal });
    killer.stdin.on('error', () => undefined).end(endLostLine(group));
    killer.stdout.resume();
    killer.stderr.resume();
    await within(killer.ended, LOST_PATIENCE_MS);
    killer.close();
  } catch {
    // The host can not be reached, or the container is gone.
  }
}

/** Waits for a promise, but not longer than this. */
export async function within(promise: Promise<unknown>, durationMs: number): Promise<void> {
  const { promise: passed, resolve } = Promise.withResolvers<void>();
  // What came while this process had no time to look counts as in time.
  const timer = setTimeout(() => setImmediate(resolve), durationMs);
  await Promise.race([promise, passed]);
  clearTimeout(timer);
}
