import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { ownPlace } from '../own-place.ts';
import type { Restoring, ServerRestore, WriteHow, WriteReport } from '../source.ts';
import { listRoles } from './contents.ts';
import { expectNoneThere, restoreDumpAll } from './dumpall.ts';
import { postgresFacts } from './facts.ts';
import { restoreGlobals } from './globals.ts';
import { programVersion } from './programs.ts';
import { openAdmin, type Present, type Restore, type Tally } from './restore-context.ts';
import { type PlacedPart, restoreDatabase } from './restore-database.ts';
import { mayNotCreate } from './restore-rights.ts';
import type { Server } from './server.ts';
import { askServer, listDatabases } from './server-facts.ts';
import { collectParts, type DatabasePart, type SnapshotParts } from './snapshot-parts.ts';

const DEFAULT: ServerRestore = { inPlace: false, dropOld: false };

/**
 * Restores databases into the server: into new ones that are compared with what was recorded and then take the names of the
 * originals, or as {@link ServerRestore} says. With several databases, one that fails does not stop the others.
 */
export async function writePostgres(server: Server, restoring: Restoring, how: WriteHow): Promise<WriteReport> {
  how.signal.throwIfAborted();
  const request = how.server ?? DEFAULT;
  const recorded = postgresFacts(restoring.facts);
  const parts = await collectParts(restoring, server.source);
  expectSensible(server, parts, request, how);
  await expectPrograms(server, parts, how);
  const tally: Tally = { files: 0, sizeBytes: 0, skipped: 0, failed: [], plan: [], checks: [], notes: [] };
  const restore: Restore = { server, restoring, how, request, recorded, present: await look(server, how), tally };
  const databases = decide(restore, parts);
  if (!how.dryRun) await perform(restore, { ...parts, databases });
  return { ...tally, dirs: 0, others: 0, unchanged: 0 };
}

function expectSensible({ source }: Server, parts: SnapshotParts, request: ServerRestore, how: WriteHow): void {
  const refuse = (message: string, hint: string) => {
    throw new SuretyError('target.failed', `${source}: ${message}`, { hint, details: { source } });
  };
  const chosen = request.tables ?? request.schemas;
  if (how.target !== undefined)
    refuse('databases go into a server, not to a path', 'leave out --target, or name a new database with --as');
  if (parts.databases.length === 0 && parts.globals === undefined && parts.dumpall === undefined) {
    refuse('the snapshot has no dump', 'choose another snapshot, or other paths of it');
  }
  if (request.as !== undefined && request.inPlace)
    refuse('--as and --in-place exclude each other', 'leave one of them out');
  if (request.as !== undefined && parts.databases.length !== 1) {
    refuse('--as needs exactly one database', 'choose one with --path, such as --path shop.sql');
  }
  if (chosen !== undefined && (request.as === undefined) === !request.inPlace) {
    refuse('tables and schemas alone can not take the place of a database', 'add --as NAME or --in-place');
  }
  if (parts.dumpall !== undefined && (request.inPlace || chosen !== undefined || request.owner !== undefined)) {
    refuse(
      'a dump of the whole server is restored as it is',
      'leave out the options that ask for a part or for another place',
    );
  }
  const plain = parts.databases.find(({ format }) => format === 'plain');
  if (plain !== undefined && request.owner !== undefined) {
    refuse(
      `the dump of ${displayName(plain.database)} is plain SQL, in which owners can not be changed`,
      'create the roles it names; or back up with format: custom, or with no_owner: true',
    );
  }
}

async function expectPrograms(server: Server, { databases }: SnapshotParts, { signal }: WriteHow): Promise<void> {
  const how = { signal, doing: `restore of ${server.source}` };
  await programVersion(server, 'psql', how);
  if (databases.some(({ format }) => format !== 'plain')) await programVersion(server, 'pg_restore', how);
}

async function look(server: Server, how: WriteHow): Promise<Present> {
  await using admin = await openAdmin({ server, how }, `restore of ${server.source}`);
  return await lookWith(admin);
}

async function lookWith(admin: Awaited<ReturnType<typeof openAdmin>>): Promise<Present> {
  const tablespaces = await admin.rows<{ name: string }>('SELECT spcname AS name FROM pg_catalog.pg_tablespace');
  const connections = await admin.rows<{ name: string; count: number }>(
    'SELECT datname AS name, count(*) AS count FROM pg_catalog.pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid() GROUP BY datname',
  );
  return {
    connections: new Map(connections.map(({ name, count }) => [name, count])),
    facts: await askServer(admin),
    databases: new Set(await listDatabases(admin)),
    roles: new Set((await listRoles(admin)).map(({ name }) => name)),
    tablespaces: new Set(tablespaces.map(({ name }) => name)),
  };
}

/** Which databases are restored; what would be done is put into the plan. Throws `target.exists` where nothing may be replaced. */
function decide(restore: Restore, { globals, dumpall, databases }: SnapshotParts): PlacedPart[] {
  const { how, request, present, tally } = restore;
  const planned: PlacedPart[] = [];
  const left = [...present.databases].filter((name) => /_surety_[0-9a-f]{8}$/.test(name));
  for (const name of left)
    tally.notes.push(
      `database ${displayName(name)} is left of a restore that was killed, or is being restored: drop it when it is not needed`,
    );
  if (dumpall !== undefined) expectNoneThere(restore);
  if (how.dryRun && dumpall !== undefined) tally.plan.push({ path: 'the whole server', action: 'create' });
  if (how.dryRun && globals !== undefined && request.as === undefined)
    tally.plan.push({ path: 'roles and tablespaces', action: 'overwrite' });
  for (const part of databases) {
    const name = ownPlace(part.database, request, { source: restore.server.source, of: databases.length });
    const exists = present.databases.has(name);
    if (exists) expectWhole(restore, part);
    if (exists && (request.as !== undefined || how.conflict === 'refuse')) throw taken(name);
    const skipped = exists && how.conflict === 'skip';
    if (how.dryRun)
      tally.plan.push({
        path: `database ${displayName(name)}`,
        action: skipped ? 'skip' : exists ? 'overwrite' : 'create',
      });
    const connected = present.connections.get(name) ?? 0;
    if (how.dryRun && connected > 0 && exists && !skipped && !request.inPlace) {
      tally.notes.push(`connections to database ${displayName(name)} that are ended: ${connected}`);
    }
    if (skipped) {
      tally.skipped += part.files.length;
      continue;
    }
    if (!exists || !intoThere(request)) expectMayCreate(restore, name);
    if (how.dryRun) planSize(tally, part);
    planned.push({ ...part, place: name });
  }
  if (how.dryRun && planned.some(({ place }) => request.as === undefined && present.databases.has(place))) {
    tally.notes.push(howReplaced(request));
  }
  return planned;
}

/** Nothing is made beside the database that is there. Single tables are taken out of a new one. */
function intoThere({ inPlace, tables, schemas }: ServerRestore): boolean {
  return inPlace && (tables ?? schemas) === undefined;
}

/** Told before anything is read, and by a dry run too. */
function expectMayCreate({ server, present: { facts }, request }: Restore, database: string): void {
  if (facts.mayCreateDatabases) return;
  const beside = request.as !== undefined || (request.tables ?? request.schemas) !== undefined;
  throw mayNotCreate(server, { role: facts.role, database, beside });
}

function planSize(tally: Tally, { files }: DatabasePart): void {
  tally.files += files.length;
  tally.sizeBytes += files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function howReplaced({ inPlace, dropOld, tables, schemas }: ServerRestore): string {
  if (inPlace) {
    const what = (tables ?? schemas) === undefined ? 'emptied and filled again' : 'given the parts that were asked for';
    return `each database is dumped to a file in the state folder, then ${what}`;
  }
  const then = dropOld ? 'dropped when the restored one is in its place' : 'kept under a dated name (NAME_before_…)';
  return `each database is restored beside the old one and compared; the old one is ${then}`;
}

/** A dump of a part must not take the place of the whole, nor be what is left of it. */
function expectWhole({ recorded, request, tally }: Restore, { database }: DatabasePart): void {
  const part = recorded?.databases.find(({ name }) => name === database)?.part;
  if (part === undefined || request.as !== undefined || (request.tables ?? request.schemas) !== undefined) return;
  if (part.kind === 'without' && !request.inPlace) {
    tally.notes.push(
      `the snapshot leaves out parts of database ${displayName(database)}: they are in the old one only`,
    );
    return;
  }
  throw new SuretyError(
    'target.failed',
    `the snapshot has only a part of database ${displayName(database)}, which can not take its place`,
    {
      hint: 'restore it beside with --as, or put single tables or schemas back with --in-place and --table or --schema',
      details: { database },
    },
  );
}

function taken(name: string): SuretyError {
  return new SuretyError('target.exists', `there is a database ${displayName(name)} already`, {
    hint: 'name another with --as, or let it be replaced: it is kept under a dated name',
    details: { database: name },
  });
}

interface PlacedParts extends SnapshotParts {
  readonly databases: readonly PlacedPart[];
}

async function perform(restore: Restore, { globals, dumpall, databases }: PlacedParts): Promise<void> {
  const { request, server, how, tally } = restore;
  if (dumpall !== undefined) await restoreDumpAll(restore, dumpall);
  if (globals !== undefined && request.as === undefined) await restoreGlobals(restore, globals);
  // Databases can be owned by roles that have only just come back.
  const now = globals === undefined ? restore : { ...restore, present: await look(server, how) };
  for (const part of databases) {
    try {
      await restoreDatabase(now, part);
    } catch (error) {
      how.signal.throwIfAborted();
      if (databases.length === 1 || !(error instanceof Error)) throw error;
      tally.failed.push({ path: part.entry, error });
      how.warn({ code: 'entry.failed', path: part.entry, message: error.message });
    }
  }
}
