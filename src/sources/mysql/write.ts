import { messageOf, SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { RestoredEntry, Restoring, ServerRestore, WriteHow, WriteReport } from '../source.ts';
import type { Server } from './client.ts';
import { databaseOf, USERS_FILE } from './entry-name.ts';
import { type Place, planPlaces } from './plan.ts';
import { recordedOf } from './prove.ts';
import {
  type Restored,
  type RestoreRequest,
  restoreBeside,
  restoreBySwap,
  restoreInPlace,
} from './restore-database.ts';
import { lackingRights, rightsFor } from './restore-rights.ts';
import type { Session } from './session.ts';
import { findTools, openSession } from './tools.ts';
import { mendUnfinished, warnOfUnfinished } from './unfinished.ts';
import { settleInPlace } from './unfinished-in-place.ts';
import { settleSwaps } from './unfinished-swap.ts';
import { openUsers, writeRights } from './write-users.ts';
import { count, type Tally, type Writing } from './writing.ts';

const DEFAULT: ServerRestore = { inPlace: false, dropOld: false };

/**
 * Restores databases into the server; see `swap.ts` for how one takes the place of another. Users come first, since what the databases
 * contain belongs to them. Throws `target.exists` where something would be replaced and may not be, and what the server says.
 */
export async function writeDatabases(
  server: Server,
  folder: string,
  restoring: Restoring,
  how: WriteHow,
): Promise<WriteReport> {
  const wanted = how.server ?? DEFAULT;
  refuseUnfit(server, how, wanted);
  how.signal.throwIfAborted();
  const tally: Tally = { files: 0, sizeBytes: 0, skipped: 0, failed: [], plan: [], checks: [], notes: [] };
  const entries = await readEntries(restoring, how, tally);
  const tools = await findTools(server, how.signal);
  const writing: Writing = { server, tools, folder, restoring, how, wanted, tally };
  const places = await lookAtPlaces(writing, entries);
  const users = entries.find(({ path }) => path === USERS_FILE);
  if (how.dryRun) planAll(writing, places, users);
  else {
    const statements = users === undefined || wanted.as !== undefined ? undefined : await openUsers(writing, users);
    for (const place of places) await writePlace(writing, place, places.length);
    if (statements !== undefined) await writeRights(writing, users!, statements);
  }
  return { ...tally, dirs: 0, others: 0, unchanged: 0 };
}

function refuseUnfit({ source }: Server, how: WriteHow, wanted: ServerRestore): void {
  const refuse = (message: string, hint: string) => {
    throw new SuretyError('target.failed', `${source}: ${message}`, { hint, details: { source } });
  };
  if (how.target !== undefined)
    refuse('databases are restored into the server, not into a folder', 'give --as NAME for a copy');
  if (wanted.schemas !== undefined) refuse('MySQL has no schemas inside of a database', 'choose tables with --table');
  if (wanted.tables !== undefined && wanted.as === undefined && !wanted.inPlace) {
    refuse('single tables do not take the place of a database', 'give --as NAME for a copy, or --in-place');
  }
  if (wanted.as !== undefined && wanted.inPlace) refuse('a copy can not be in place', 'give --as or --in-place');
}

/** Dumps come in the order of their names; users are among them. */
async function readEntries(restoring: Restoring, how: WriteHow, tally: Tally): Promise<RestoredEntry[]> {
  const entries: RestoredEntry[] = [];
  for await (const batch of restoring.entries()) {
    for (const entry of batch) {
      const known = entry.type === 'file' && (entry.path === USERS_FILE || databaseOf(entry.path) !== undefined);
      if (known) entries.push(entry);
      else refuseEntry(entry, how, tally);
    }
  }
  return entries;
}

function refuseEntry({ path, type }: RestoredEntry, how: WriteHow, tally: Tally): void {
  const error = new SuretyError('target.failed', `${path} (${type}) is not the dump of a database`);
  tally.failed.push({ path, error });
  how.warn({ code: 'entry.skipped', path, message: error.message });
}

async function lookAtPlaces(writing: Writing, entries: readonly RestoredEntry[]): Promise<Place[]> {
  const { server, tools, folder, how, wanted, tally } = writing;
  const dumps = entries.filter(({ path }) => path !== USERS_FILE);
  const { signal, warn } = how;
  await using session = openSession(server, tools, {
    signal,
    doing: server.source,
    lockTimeoutMs: server.options.lock_timeout,
  });
  const { places, notes } = await planPlaces(session, dumps, {
    source: server.source,
    conflict: how.conflict,
    ...wanted,
  });
  const databases = places.flatMap(({ original, database }) => [original, database]);
  const unfinished = { server, tools, signal, folder, warn, databases };
  if (how.dryRun) await warnOfUnfinished(session, unfinished);
  else tally.notes.push(...(await mendUnfinished(session, unfinished)));
  tally.notes.push(...notes);
  for (const place of places) await expectRestorable(session, writing, place);
  return places;
}

/** Told before anything is read, and by a dry run too. */
async function expectRestorable(session: Session, writing: Writing, place: Place): Promise<void> {
  if (place.action === 'skip') return;
  const { server, tools, wanted, restoring } = writing;
  const { fingerprint } = recordedOf(restoring.facts, place.original);
  const objects = fingerprint?.objects ?? [];
  const names = (kind: string) => objects.filter((one) => one.kind === kind).map(({ name }) => name);
  const needed = rightsFor({
    views: names('view'),
    triggers: names('trigger'),
    events: names('event'),
    routines: names('routine'),
  });
  const found = await lackingRights(session, tools.version, place, { source: server.source, needed, ...wanted });
  if (found !== undefined) throw found;
}

function planAll({ tally, wanted, folder }: Writing, places: readonly Place[], users: RestoredEntry | undefined): void {
  if (users !== undefined && wanted.as === undefined)
    tally.plan.push({ path: 'users and their rights', action: 'create' });
  for (const { database, action, entry } of places) {
    tally.plan.push({ path: `database ${displayName(database)}`, action });
    if (action === 'skip') tally.skipped += 1;
    else tally.files += 1;
    if (action !== 'skip') tally.sizeBytes += entry.sizeBytes;
  }
  if (places.some(({ action }) => action === 'overwrite')) tally.notes.push(howReplaced(wanted, folder));
}

function howReplaced({ inPlace, dropOld }: ServerRestore, folder: string): string {
  if (inPlace) return `each database is dumped to a file in ${folder}, emptied and loaded`;
  const then = dropOld ? 'dropped when the restored one is in its place' : 'kept under a dated name (NAME_before_…)';
  return `each database is restored beside the old one and compared; the old one is ${then}`;
}

/** A failure ends the restore of this database. The others of the snapshot are restored all the same. */
async function writePlace(writing: Writing, place: Place, of: number): Promise<void> {
  const { how, tally } = writing;
  how.signal.throwIfAborted();
  if (place.action === 'skip') {
    tally.skipped += 1;
    return;
  }
  try {
    const { checks, notes } = await restoreOne(writing, place);
    tally.checks.push(...checks);
    tally.notes.push(...notes);
    count(tally, place.entry, how);
  } catch (error) {
    how.signal.throwIfAborted();
    if (of === 1) throw error;
    tally.failed.push({ path: place.entry.path, error: error as Error });
    how.warn({ code: 'entry.failed', path: place.entry.path, message: messageOf(error) });
  }
}

async function restoreOne(writing: Writing, place: Place): Promise<Restored> {
  const { server, tools, restoring, how, wanted, tally, folder } = writing;
  const { signal } = how;
  let takenBytes = 0;
  const request: RestoreRequest = {
    server,
    tools,
    signal,
    original: place.original,
    database: place.database,
    present: place.present,
    recorded: recordedOf(restoring.facts, place.original),
    names: place.names,
    owner: wanted.owner,
    dropOld: wanted.dropOld,
    tables: wanted.tables,
    chunks: restoring.stream(place.entry, { signal }),
    onBytes(sizeBytes) {
      takenBytes += sizeBytes;
      how.progress?.({ files: tally.files, sizeBytes: tally.sizeBytes + takenBytes });
    },
  };
  if (wanted.as !== undefined) return await restoreBeside(request);
  const restored = wanted.inPlace ? await restoreInPlace(request, folder) : await restoreBySwap(request);
  if (wanted.tables !== undefined) return restored;
  settleInPlace(folder, server.source, place.database);
  return { ...restored, notes: [...restored.notes, ...(await settleSwaps(request, place.database))] };
}
