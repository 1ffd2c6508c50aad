/** Ends what was started on another host. */
import type { FarChannel, FarEnd } from './far-channel.ts';
import { endLine } from './far-script.ts';

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

/** Waits for a promise, but not longer than this. */
export async function within(promise: Promise<unknown>, durationMs: number): Promise<void> {
  const { promise: passed, resolve } = Promise.withResolvers<void>();
  // What came while this process had no time to look counts as in time.
  const timer = setTimeout(() => setImmediate(resolve), durationMs);
  await Promise.race([promise, passed]);
  clearTimeout(timer);
}
