import { SuretyError } from '../../base/errors.ts';
import { sortNames } from '../../base/names.ts';
import type { ObjectFingerprint, ReadHow } from '../source.ts';
import { listRoles } from './contents.ts';
import { takesGlobals } from './options.ts';
import { expectNotOlder, programVersion, serverVersion } from './programs.ts';
import type { Server } from './server.ts';
import {
  askServer,
  listDatabases,
  missingDatabase,
  openDatabase,
  openMaintenance,
  type ServerFacts,
} from './server-facts.ts';

/** What was found before anything is dumped. */
export interface Found {
  readonly facts: ServerFacts;
  readonly versions: Readonly<Record<string, string>>;
  readonly databases: readonly string[];
  readonly roles: readonly ObjectFingerprint[];
}

/** Asks server and programs. Throws `source.*` errors for what would keep the dumps from being made. */
export async function lookAround(server: Server, { signal }: ReadHow): Promise<Found> {
  const { options, source } = server;
  const doing = `backup of ${source}`;
  const program = options.format === 'dumpall' ? 'pg_dumpall' : 'pg_dump';
  const own = await programVersion(server, program, { signal, doing });
  const how = { signal, doing, side: 'source' } as const;
  const named = options.database === undefined ? options.databases : [options.database];
  const [first] = named === undefined || named === 'all' ? [] : named;
  await using session =
    first === undefined ? await openMaintenance(server, how) : await openDatabase(server, first, how);
  const facts = await askServer(session);
  const theirs = serverVersion(facts.version);
  expectNotOlder(server, program, own, theirs, doing);
  const there = await listDatabases(session);
  const databases = named === undefined || named === 'all' ? there : sortNames([...new Set(named)]);
  const missing = databases.find((name) => !there.includes(name));
  if (missing !== undefined) throw missingDatabase(server, missing, there, doing);
  if (databases.length === 0) throw new SuretyError('source.empty', `${doing}: the server has no databases`);
  const globals = takesGlobals(options) || options.format === 'dumpall';
  const roles = globals ? await listRoles(session) : [];
  return { facts, versions: { server: theirs.text, [program]: own.text }, databases, roles };
}
