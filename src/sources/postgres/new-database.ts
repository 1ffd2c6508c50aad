import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import {
  createStatement,
  type DatabaseFacts,
  type DumpedPart,
  describeDatabase,
  propertyStatements,
} from './describe-database.ts';
import { identifier, literal } from './quote.ts';
import { openAdmin, type Restore } from './restore-context.ts';
import { openMaintenance } from './server-facts.ts';
import { openSession, type Session } from './session.ts';
import type { DatabasePart } from './snapshot-parts.ts';

/** What the database is to be like: as recorded, else as the one that is there. */
export async function expectedFacts(
  restore: Restore,
  { database, entry }: DatabasePart,
): Promise<DatabaseFacts | undefined> {
  const known = restore.recorded?.databases.find(({ name }) => name === database);
  if (known !== undefined) return known;
  await using admin = await openAdmin(restore, `restore of database ${displayName(database)}`);
  return await describeDatabase(admin, database, entry);
}

/** Makes an empty database. Throws `target.denied` when the role may not, `target.failed` when its owner is not there. */
export async function createDatabase(restore: Restore, name: string, facts: DatabaseFacts | undefined): Promise<void> {
  const { present, tally } = restore;
  const owner = ownerOf(restore, facts);
  if (owner !== undefined && !present.roles.has(owner)) {
    throw new SuretyError('target.failed', `there is no role ${owner}, which is to own the database`, {
      hint: 'create it, restore the roles of the server first, or give everything to one role with --owner',
      details: { role: owner },
    });
  }
  let tablespace = facts?.tablespace;
  if (tablespace === 'pg_default' || tablespace === '') tablespace = undefined;
  if (tablespace !== undefined && !present.tablespaces.has(tablespace)) {
    tally.notes.push(`tablespace ${tablespace} is not there; the database is in the default one`);
    tablespace = undefined;
  }
  await using admin = await openAdmin(restore, `creation of database ${displayName(name)}`);
  await admin.run(createStatement(name, facts, { owner, tablespace }));
}

function ownerOf({ request, recorded }: Restore, facts: DatabaseFacts | undefined): string | undefined {
  return request.owner ?? (recorded?.ownerless === true ? undefined : facts?.owner);
}

/** Makes the schemas that a dump of a part takes for granted, and removes the one that it brings along. */
export async function prepareForPart({ server, how }: Restore, name: string, part: DumpedPart): Promise<void> {
  const brought = part.kind === 'schemas' && part.schemas.includes('public');
  if (part.kind !== 'tables' && !brought) return;
  const doing = `creation of database ${displayName(name)}`;
  await using session = await openSession(server, name, { signal: how.signal, doing, side: 'target' });
  if (brought) return await session.run('DROP SCHEMA public');
  for (const schema of part.schemas) await session.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
}

/** Gives it the settings, grants and comment it had, and the planner the numbers it needs. */
export async function finishDatabase(restore: Restore, name: string, facts: DatabaseFacts | undefined): Promise<void> {
  const { present, request, server, tally } = restore;
  await using admin = await openAdmin(restore, `settings of database ${displayName(name)}`, name);
  if (facts === undefined) return;
  const statements = propertyStatements(name, facts, {
    roles: present.roles,
    privileges: !server.options.no_privileges && request.owner === undefined,
    note: (sentence) => void tally.notes.push(sentence),
  });
  if (statements.length > 0) await admin.run(statements.join(';\n'));
}

const CLEAN_UP_MS = 30_000;

/** Removes a database that nobody wants, also when the restore was interrupted. Connections to it are ended. */
export async function dropDatabase({ server }: Pick<Restore, 'server'>, name: string): Promise<void> {
  const how = {
    signal: AbortSignal.timeout(CLEAN_UP_MS),
    doing: `removal of database ${displayName(name)}`,
    side: 'target',
  } as const;
  await using admin = await openMaintenance(server, how, name);
  await endConnections(admin, name);
  const [template] = await admin.rows(
    `SELECT 1 AS found FROM pg_catalog.pg_database WHERE datname = ${literal(name)} AND datistemplate`,
  );
  if (template !== undefined) await admin.run(`ALTER DATABASE ${identifier(name)} IS_TEMPLATE false`);
  await admin.run(`DROP DATABASE IF EXISTS ${identifier(name)}`);
}

/** Ends all sessions of the database. Whoever may not do that for one of them, gets an error. */
export async function endConnections(admin: Session, name: string): Promise<void> {
  await admin.run(
    `SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
     WHERE datname = ${literal(name)} AND pid <> pg_catalog.pg_backend_pid() AND usename IS NOT NULL`,
  );
}
