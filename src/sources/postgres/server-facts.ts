import { hasCode, SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { didYouMean } from '../../base/nearest.ts';
import { type Server, shownServer } from './server.ts';
import { openSession, type Session, type SessionHow } from './session.ts';

export interface ServerFacts {
  /** `150018`. */
  readonly number: number;
  /** `15.18 (Debian …)`. */
  readonly version: string;
  readonly recovering: boolean;
  readonly superuser: boolean;
  readonly mayCreateDatabases: boolean;
  /** The role that is connected. */
  readonly role: string;
}

export async function askServer(session: Session): Promise<ServerFacts> {
  return await session.row(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
       pg_catalog.pg_is_in_recovery() AS recovering, current_user AS role,
       rolsuper AS superuser, rolsuper OR rolcreatedb AS "mayCreateDatabases"
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );
}

/** Databases that can be connected to, by name, without the two templates that every server has. */
export async function listDatabases(session: Session): Promise<string[]> {
  const rows = await session.rows<{ name: string }>(
    `SELECT datname AS name FROM pg_catalog.pg_database WHERE datallowconn AND NOT (datistemplate AND datname IN ('template0', 'template1')) ORDER BY datname::text COLLATE "C"`,
  );
  return rows.map(({ name }) => name);
}

/** Databases that every server has, for what concerns no particular one. */
const ALWAYS_THERE = ['postgres', 'template1'];

/** A session in a database other than `apart`, which is to be worked on: nobody may be connected to one that gets another name. */
export async function openMaintenance(server: Server, how: SessionHow, apart?: string): Promise<Session> {
  const [first = '', second = first] = ALWAYS_THERE.filter((name) => name !== apart);
  try {
    return await openSession(server, first, how);
  } catch (error) {
    if (!hasCode(error, 'source.missing', 'target.failed', 'source.denied', 'target.denied')) throw error;
    try {
      return await openSession(server, second, how);
    } catch {
      throw error;
    }
  }
}

/** A session in the database. One that is not there is answered with those that are named alike. */
export async function openDatabase(server: Server, database: string, how: SessionHow): Promise<Session> {
  try {
    return await openSession(server, database, how);
  } catch (error) {
    if (!hasCode(error, 'source.missing')) throw error;
    throw missingDatabase(server, database, await namesThere(server, how), how.doing);
  }
}

async function namesThere(server: Server, how: SessionHow): Promise<string[]> {
  try {
    await using session = await openMaintenance(server, how);
    return await listDatabases(session);
  } catch {
    return [];
  }
}

/** What new databases are copied from; each server has them, and a restore could not replace them. */
const TEMPLATES = ['template0', 'template1'];

function templateRefused(server: Server, database: string, doing: string): SuretyError {
  return new SuretyError(
    'source.failed',
    `${doing}: ${database} is not backed up as a source: new databases are copied from it`,
    {
      hint: 'name a database of your own; a dump of the whole server (format: dumpall) has what is in template1',
      details: { source: server.source, database },
    },
  );
}

export function missingDatabase(
  server: Server,
  database: string,
  names: readonly string[],
  doing: string,
): SuretyError {
  if (TEMPLATES.includes(database)) return templateRefused(server, database, doing);
  const shown = names.map(displayName);
  const name = displayName(database);
  return new SuretyError('source.missing', `${doing}: ${shownServer(server)} has no database ${name}`, {
    hint: didYouMean(name, shown) ?? (shown.length === 0 ? 'check its name' : `there are: ${shown.join(', ')}`),
    details: { source: server.source, database },
  });
}
