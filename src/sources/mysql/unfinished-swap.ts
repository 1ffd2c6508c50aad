/** What a restore leaves that was killed between the saving of the old code and its end: found, told, and put back where that is certain. */
import { shownCommand } from '../../base/command-line.ts';
import { messageOf } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { listed } from '../../base/nearest.ts';
import { fitCode } from './code.ts';
import { dropWithoutData, readContents } from './contents.ts';
import { createCode } from './load.ts';
import { loadCode, markFinished, SAVED_TABLE, type SavedCode } from './saved-code.ts';
import type { Session } from './session.ts';
import { type GuardHow, guardSwap, isSwapUnderWay } from './swap-guard.ts';
import { openSession } from './tools.ts';

export interface UnfinishedSwap {
  /** The database with the saved code. */
  readonly before: string;
  readonly saved: SavedCode;
  /** Whether the old tables are in `before`; undefined: there is no telling. */
  readonly moved: boolean | undefined;
  /** Triggers and events of the old database that do not stand in it. */
  readonly missing: { readonly triggers: readonly string[]; readonly events: readonly string[] };
  /** Whether some of the saved triggers and events stand. */
  readonly some: boolean;
}

/** Databases that hold saved code, whether a restore is under way or not. */
async function placesOfCode(session: Session): Promise<string[]> {
  const rows = await session.query(
    `SELECT table_schema FROM information_schema.tables WHERE table_name = '${SAVED_TABLE}' ORDER BY table_schema`,
  );
  return rows.map(([name = '']) => name).filter((name) => /_before_\d{8}_\d{6}/.test(name));
}

/** What killed restores of these databases left. A user who may not read it is told nothing. */
export async function findUnfinishedSwaps(
  session: Session,
  how: GuardHow,
  databases: readonly string[],
): Promise<UnfinishedSwap[]> {
  const found: UnfinishedSwap[] = [];
  for (const before of await placesOfCode(session)) {
    try {
      await using own = openOwn(how);
      if (await isSwapUnderWay(own, before)) continue;
      const swap = await lookAtSwap(own, before);
      const isOf = (database: string) =>
        swap.saved.about?.database === database || before.startsWith([...database].slice(0, 20).join(''));
      const concerned =
        swap.saved.about === undefined ? databases.some(isOf) : databases.includes(swap.saved.about.database);
      if (concerned && !swap.saved.finished) found.push(swap);
    } catch {
      how.signal.throwIfAborted();
    }
  }
  return found;
}

async function lookAtSwap(session: Session, before: string): Promise<UnfinishedSwap> {
  const saved = await loadCode(session, before);
  const { tables, sequences } = await readContents(session, before);
  const moved = tables.length + sequences.length > 1;
  const { about } = saved;
  const there = about === undefined ? undefined : await readContents(session, about.database);
  const triggers = (about?.triggers ?? []).filter((name) => there?.triggers.includes(name) === false);
  const events = (about?.events ?? []).filter((name) => there?.events.includes(name) === false);
  const all = (about?.triggers.length ?? 0) + (about?.events.length ?? 0);
  return {
    before,
    saved,
    moved: moved || (about?.tables ?? 0) > 0 ? moved : undefined,
    missing: { triggers, events },
    some: triggers.length + events.length < all,
  };
}

/** For people: what is missing where, and what to do. */
export function tellUnfinishedSwap(swap: UnfinishedSwap, { tools }: GuardHow): string {
  const { before, saved, moved, missing, some } = swap;
  const place = `table ${SAVED_TABLE} of database ${displayName(before)}`;
  if (saved.about === undefined) {
    return `database ${displayName(before)} is left of a restore that did not end; see that no trigger and no event of ${place} is missing, then drop that database`;
  }
  const database = displayName(saved.about.database);
  if (moved !== false) {
    return `the restore of database ${database} was killed before its views, routines, triggers and events were all made; those of the old one are in ${place}: restore ${database} again`;
  }
  const lost = [...named('trigger', missing.triggers), ...named('event', missing.events)];
  if (lost.length === 0) {
    return `database ${displayName(before)} is left of a restore that was killed; nothing of database ${database} is missing: drop ${displayName(before)}`;
  }
  const client = shownCommand([tools.client.path, '--default-character-set=utf8mb4']);
  const query = `SELECT sql_text FROM ${SAVED_TABLE} WHERE part IN ('triggers', 'events') ORDER BY part DESC, piece`;
  const byHand = `${client} -N -r -e "${query}" ${shownCommand([before])} | ${client} --force ${shownCommand([saved.about.database])}`;
  const how = some ? 'put them back by hand' : 'the next restore of it puts them back, or do so by hand';
  return `database ${database} lacks ${listed(lost, 'and')}, since a restore of it was killed: they are in ${place}; ${how}: ${byHand}`;
}

function named(kind: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 5).map(displayName).join(', ') + (names.length > 5 ? ', …' : '');
  return [`the ${kind}${names.length === 1 ? '' : 's'} ${shown}`];
}

/**
 * Makes the dropped triggers and events anew, only where it is certain that they are missing: their tables are in their place, none of them
 * stands, all definitions were saved, and nobody else is at it. Returns what to tell; undefined: it is not certain.
 */
export async function putBackCode({ before }: UnfinishedSwap, how: GuardHow): Promise<string | undefined> {
  const { server, tools, signal } = how;
  await using guard = await guardSwap(how, before);
  if (!guard.held) return undefined;
  await using session = openOwn(how);
  const { saved, moved, missing, some } = await lookAtSwap(session, before);
  const count = missing.triggers.length + missing.events.length;
  if (saved.about === undefined || saved.finished || moved !== false || some || count === 0) return undefined;
  const { database } = saved.about;
  const { triggers, events } = fitCode(saved.code, { database, eventsAsleep: false });
  const doing = `${server.source}: definitions of database ${displayName(database)}`;
  await createCode({ triggers, events }, { signal, server, tools, doing, database });
  const now = (await lookAtSwap(session, before)).missing;
  if (now.triggers.length + now.events.length > 0) return undefined;
  await dropWithoutData(session, before, [SAVED_TABLE]);
  return `triggers and events of database ${displayName(database)}, which a restore that was killed had dropped, were put back: ${count}`;
}

/** A database that was restored to the end lacks nothing of what earlier restores of it left; where that is saved is told once more. */
export async function settleSwaps(how: GuardHow, database: string): Promise<string[]> {
  const notes: string[] = [];
  try {
    await using session = openOwn(how);
    for (const { before, saved } of await findUnfinishedSwaps(session, how, [database])) {
      if (saved.about?.database !== database) continue;
      await markFinished(session, before);
      notes.push(
        `definitions that an earlier restore of ${displayName(database)} saved stand in table ${SAVED_TABLE} of ${displayName(before)}`,
      );
    }
  } catch (error) {
    how.signal.throwIfAborted();
    notes.push(`what earlier restores left could not be looked at: ${messageOf(error)}`);
  }
  return notes;
}

function openOwn({ server, tools, signal }: GuardHow): Session {
  const doing = `${server.source}: what a restore left`;
  return openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
}
