/** One database of a snapshot back into the server. */
import { messageOf, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { displayName } from '../../base/names.ts';
import type { WriteReport } from '../source.ts';
import type { Server } from './client.ts';
import { fitCode } from './code.ts';
import { dropEvents, dropTables, dropTriggers, dropViewsAndRoutines } from './contents.ts';
import type { Code } from './dump-parts.ts';
import { createCode, loadTables } from './load.ts';
import type { NamesBeside } from './names-beside.ts';
import { type ProveHow, proveCode, proveTables, type Recorded } from './prove.ts';
import { identifier } from './quote.ts';
import { safetyDump } from './safety-dump.ts';
import type { Session } from './session.ts';
import type { Database } from './survey.ts';
import { createDatabase, swapIn } from './swap.ts';
import { openSession, type Tools } from './tools.ts';
import { beginInPlace, endInPlace } from './unfinished-in-place.ts';

export interface RestoreRequest {
  readonly server: Server;
  readonly tools: Tools;
  readonly signal: AbortSignal;
  /** Its name when it was backed up. */
  readonly original: string;
  /** Its name from now on. */
  readonly database: string;
  /** What is there under that name. */
  readonly present: Database | undefined;
  readonly recorded: Recorded;
  readonly names: NamesBeside;
  readonly owner: string | undefined;
  readonly dropOld: boolean;
  /** Only these; undefined: all. */
  readonly tables: readonly string[] | undefined;
  /** The dump; consumed once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly onBytes: (sizeBytes: number) => void;
}

export interface Restored {
  readonly checks: readonly WriteReport['checks'][number][];
  readonly notes: readonly string[];
}

/** Into a new database, compared there, then swapped with the one that is there. Until the swap nothing that exists is touched. */
export async function restoreBySwap(request: RestoreRequest): Promise<Restored> {
  const { database, names, tools, server, signal, owner, present } = request;
  await using session = newSession(request);
  const restored: Database = { ...likeRecorded(request), name: names.restoring };
  const { code, checks } = await restoreInto(session, restored, request);
  const swap = { server, tools, session, signal, database, present, restored, before: names.before, code, owner };
  const { kept, notes } = await swapIn(swap).catch(async (error) => {
    // Its tables are either still in it, then they are of no use, or where they belong.
    await removeUnfinished(request, restored.name);
    throw error;
  });
  await proveCode(proofOf(request, database), ['event', 'trigger']);
  if (kept === undefined) return { checks, notes };
  if (!request.dropOld) {
    return {
      checks: [...checks, { what: 'previous database', ok: true, detail: `kept as ${displayName(kept)}` }],
      notes,
    };
  }
  await session.query(`DROP DATABASE ${identifier(kept)}`);
  return { checks, notes };
}

/** Into a new database that stays beside the original, its events disabled. */
export async function restoreBeside(request: RestoreRequest): Promise<Restored> {
  await using session = newSession(request);
  const made: Database = { ...likeRecorded(request), name: request.database };
  const { code, checks } = await restoreInto(session, made, request);
  const { events } = fitCode(code, { database: made.name, owner: request.owner, eventsAsleep: true });
  await createCode({ events }, loadHow(request, made.name));
  const notes = /DISABLE\b/.test(events) ? ['the events of the copy are disabled'] : [];
  return { checks, notes };
}

/** Makes the new database and leaves nothing behind where it does not become what was recorded. Its triggers stay; events are not made. */
async function restoreInto(
  session: Session,
  made: Database,
  request: RestoreRequest,
): Promise<{ code: Code; checks: Restored['checks'] }> {
  await createDatabase(session, made);
  try {
    const how = loadHow(request, made.name);
    const code = await loadTables(request, how);
    const checks = await proveTables(proofOf(request, made.name));
    const { events: _later, ...now } = fitCode(code, {
      database: made.name,
      owner: request.owner,
      eventsAsleep: true,
    });
    await createCode(now, how);
    await proveCode(proofOf(request, made.name), ['view', 'routine', 'trigger']);
    const moving = made.name === request.names.restoring;
    if (moving) await dropTriggers(session, made.name);
    return { code, checks };
  } catch (error) {
    await removeUnfinished(request, made.name);
    throw error;
  }
}

/** Also after an abort, when the session of the restore is gone. */
async function removeUnfinished(request: RestoreRequest, database: string): Promise<void> {
  try {
    await using session = newSession({ ...request, signal: new AbortController().signal });
    await session.query(`DROP DATABASE IF EXISTS ${identifier(database)}`);
  } catch {
    // The server may be what failed; a database of this name is told about by the next restore.
  }
}

/**
 * Into the database that is there, after a dump of it into a file. Where tables are chosen, only these are replaced. A failure leaves it
 * incomplete: the error names the file.
 */
export async function restoreInPlace(request: RestoreRequest, folder: string): Promise<Restored> {
  const { server, tools, database, names, signal, present, owner } = request;
  await using session = newSession(request);
  const notes: string[] = [];
  // Two within one second, or two servers with databases of one name, have files of their own.
  const beside = `${encodeURIComponent(names.before)}-${randomHex(2)}`;
  let file: string | undefined;
  if (present !== undefined) {
    file = await safetyDump(server, tools, database, folder, `${beside}.sql`, signal);
    notes.push(`what was in database ${displayName(database)} is in ${file}`);
  }
  if (present === undefined) await createDatabase(session, { ...likeRecorded(request), name: database });
  const record = beginInPlace(folder, beside, { source: server.source, database, dump: file });
  try {
    if (request.tables === undefined) await dropAll(session, database);
    const how = loadHow(request, database);
    const code = await loadTables(request, how);
    const checks = await proveTables(proofOf(request, database));
    await createCode(fitCode(code, { database, owner, eventsAsleep: false }), how);
    await proveCode(proofOf(request, database), ['view', 'routine', 'trigger', 'event']);
    endInPlace(folder, record);
    return { checks, notes };
  } catch (error) {
    if (file === undefined) throw error;
    const code = error instanceof SuretyError ? error.code : 'target.failed';
    throw new SuretyError(code, `database ${displayName(database)} is not complete: ${messageOf(error)}`, {
      hint: `what was in it before is in ${file}: restore again, or load that file with the mysql client`,
      cause: error,
    });
  }
}

async function dropAll(session: Session, database: string): Promise<void> {
  await dropTriggers(session, database);
  await dropEvents(session, database);
  await dropViewsAndRoutines(session, database);
  await dropTables(session, database);
}

function newSession({ server, tools, signal, database }: RestoreRequest): Session {
  const doing = `${server.source}: restore of database ${displayName(database)}`;
  return openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
}

function loadHow({ server, tools, signal, original }: RestoreRequest, database: string) {
  return { server, tools, signal, database, doing: `${server.source}: restore of database ${displayName(original)}` };
}

function proofOf(request: RestoreRequest, database: string): ProveHow {
  const { server, tools, signal, original, recorded, tables } = request;
  return { server, tools, signal, original, recorded, tables, database };
}

/** Character set and collation: as recorded, else those of what is there, else the server's. */
function likeRecorded({ recorded, present }: RestoreRequest): Database {
  return recorded.stored ?? present ?? { name: '', charset: '', collation: '' };
}
