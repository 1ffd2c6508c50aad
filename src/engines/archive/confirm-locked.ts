import { messageOf } from '../../base/errors.ts';
import type { Warning } from '../../sources/source.ts';
import type { How } from '../engine.ts';
import { MARKER_KEY } from './marker.ts';
import type { Repository } from './repository.ts';

/**
 * Where locks are wanted, asks the service about the sidecar that was just stored, and keeps the marker of the repository locked: all else that a
 * backup needs is its own and was locked when it was put. What is wrong is warned about; the backup is there.
 */
export async function confirmLocked(
  { store }: Repository,
  key: string,
  { signal, warn }: How & { readonly warn: (warning: Warning) => void },
): Promise<void> {
  const keeping = store.locks?.keeping;
  if (keeping === undefined) return;
  try {
    if ((await store.stat(MARKER_KEY, { signal })) !== undefined) await keeping.keep([MARKER_KEY], { signal });
    await keeping.confirm(key, { signal });
  } catch (error) {
    signal.throwIfAborted();
    warn({ code: 'lock.failed', path: key, message: messageOf(error) });
  }
}
