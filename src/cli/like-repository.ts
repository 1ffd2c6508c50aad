/** Which repository a new one is made like, so that both cut content into the same pieces. */
import type { Platform } from '../daemon/compose.ts';
import type { NewRepository } from '../operations/init.ts';

type Opened = Awaited<ReturnType<NewRepository['open']>>;

/** `named`: what was asked for; else the first of the same kind that a job writes to beside the new one, and that is there. */
export async function likeRepository(
  platform: Platform,
  name: string,
  named: string | undefined,
  how: { readonly signal: AbortSignal },
): Promise<Opened | undefined> {
  if (named === name) return undefined;
  if (named !== undefined) return await platform.repositories([named])[0]!.open(how);
  const together = platform.jobs.map(({ to, copyTo }) => [...to, ...copyTo.map(({ repository }) => repository)]);
  const others = new Set(together.filter((all) => all.includes(name)).flat());
  const { kind } = platform.newRepository(name);
  for (const other of platform.repositories([...others])) {
    if (other.name === name || other.kind !== kind) continue;
    try {
      return await other.open(how);
    } catch {
      // One that is not there is like nothing.
      how.signal.throwIfAborted();
    }
  }
  return undefined;
}
