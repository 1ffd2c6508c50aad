/** What restores that were killed left in the server or beside it. */
import { messageOf } from '../../base/errors.ts';
import type { Warning } from '../source.ts';
import type { Session } from './session.ts';
import type { GuardHow } from './swap-guard.ts';
import { findInPlace, tellInPlace } from './unfinished-in-place.ts';
import { findUnfinishedSwaps, putBackCode, tellUnfinishedSwap, type UnfinishedSwap } from './unfinished-swap.ts';

export interface UnfinishedHow extends GuardHow {
  /** Where safety dumps are. */
  readonly folder: string;
  readonly warn: (warning: Warning) => void;
  readonly databases: readonly string[];
}

/** Tells what is not whole in these databases; changes nothing. */
export async function warnOfUnfinished(session: Session, how: UnfinishedHow): Promise<void> {
  warnOfInPlace(how);
  for (const swap of await findUnfinishedSwaps(session, how, how.databases)) tell(how, swap);
}

/** Puts back what certainly is to be put back, and tells the rest. Returns what was done. */
export async function mendUnfinished(session: Session, how: UnfinishedHow): Promise<string[]> {
  warnOfInPlace(how);
  const notes: string[] = [];
  for (const swap of await findUnfinishedSwaps(session, how, how.databases)) {
    try {
      const done = await putBackCode(swap, how);
      if (done === undefined) tell(how, swap);
      else notes.push(done);
    } catch (error) {
      how.signal.throwIfAborted();
      tell(how, swap, `; the attempt to put them back failed: ${messageOf(error)}`);
    }
  }
  return notes;
}

function warnOfInPlace({ server, tools, folder, databases, warn }: UnfinishedHow): void {
  const { localFiles, host } = server.reach.traits;
  for (const record of findInPlace(folder, server.source)) {
    if (!databases.includes(record.database)) continue;
    warn(warning(record.database, tellInPlace(record, tools.client.path, localFiles ? undefined : host)));
  }
}

function tell(how: UnfinishedHow, swap: UnfinishedSwap, more = ''): void {
  how.warn(warning(swap.saved.about?.database ?? swap.before, tellUnfinishedSwap(swap, how) + more));
}

function warning(path: string, message: string): Warning {
  return { code: 'source.unfinished-restore', path, message };
}
