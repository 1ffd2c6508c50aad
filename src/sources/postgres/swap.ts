import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, utcStamp } from '../../base/clock.ts';
import { messageOf, SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { endConnections } from './new-database.ts';
import { endedName, identifier } from './quote.ts';
import { openAdmin, type Restore } from './restore-context.ts';
import { listDatabases } from './server-facts.ts';

const AGAIN_MS = 150;

/**
 * Gives the new database the name of the old one, and the old one a dated name: both or nothing, as one transaction. The renaming waits
 * some seconds for sessions of the old one to end and lets no new ones in, so they are ended meanwhile. Returns the old one's new name.
 */
export async function swapDatabases(restore: Restore, fresh: string, name: string): Promise<string> {
  const doing = `renaming of database ${displayName(name)}`;
  await using renaming = await openAdmin(restore, doing, name);
  const kept = keptName(name, await listDatabases(renaming));
  await using ending = await openAdmin(restore, `ending of connections to database ${displayName(name)}`, name);
  const done = new AbortController();
  const ended = keepEnding(() => endConnections(ending, name), done.signal);
  const renamed = renaming.run(['BEGIN', rename(name, kept), rename(fresh, name)].join(';\n'));
  const stuck = ended.then((error) => (error === undefined ? renamed : Promise.reject(error)));
  try {
    // When sessions may not be ended, nobody waits; the renaming, which is not committed, goes with its connection.
    await Promise.race([renamed, stuck]);
    await renaming.run('COMMIT');
  } catch (error) {
    done.abort();
    const denied = await ended;
    throw denied ?? inUse(error, name);
  }
  done.abort();
  await ended;
  return kept;
}

/** Gives the new database a name that nothing has. */
export async function nameDatabase(restore: Restore, fresh: string, name: string): Promise<void> {
  await using admin = await openAdmin(restore, `renaming of database ${displayName(fresh)}`, name);
  await admin.run(rename(fresh, name));
}

function rename(from: string, to: string): string {
  return `ALTER DATABASE ${identifier(from)} RENAME TO ${identifier(to)}`;
}

/** `shop_before_20261121_030700`, in UTC; with a number behind where that is taken. */
function keptName(name: string, taken: readonly string[]): string {
  const stamp = utcStamp(systemClock.now()).replace('T', '_').replace('Z', '');
  for (let number = 1; ; number += 1) {
    const kept = endedName(name, `_before_${stamp}${number === 1 ? '' : `_${number}`}`);
    if (!taken.includes(kept)) return kept;
  }
}

/** Resolves with the error when sessions can not be ended. */
async function keepEnding(end: () => Promise<void>, signal: AbortSignal): Promise<unknown> {
  try {
    while (!signal.aborted) {
      await end();
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

function inUse(error: unknown, name: string): unknown {
  if (!/is being accessed by other users/.test(messageOf(error))) return error;
  return new SuretyError(
    'target.failed',
    `database ${displayName(name)} is in use, and its sessions could not be ended`,
    {
      hint: 'stop what uses it, or connect as a superuser or a role with pg_signal_backend, and restore again; it is as it was',
      cause: error,
    },
  );
}
