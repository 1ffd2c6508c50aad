import type { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { OldDatabase, RestoreOutlook } from '../source.ts';
import { literal } from './quote.ts';
import { mayNotCreate, mayNotOwn } from './restore-rights.ts';
import type { Server } from './server.ts';
import { askServer, openMaintenance } from './server-facts.ts';
import type { Session } from './session.ts';

/** What a restore that replaces the databases of the source would be refused for, and what earlier ones left in the server. */
export async function postgresOutlook(
  server: Server,
  { signal }: { readonly signal: AbortSignal },
): Promise<RestoreOutlook> {
  const doing = `restore of ${server.source}`;
  await using session = await openMaintenance(server, { signal, doing, side: 'target' });
  return { obstacle: await obstacleIn(session, server), old: await oldDatabases(session, server) };
}

/** Names of the databases that the source has, undefined for all. */
function ownNames({ options }: Server): readonly string[] | undefined {
  if (options.database !== undefined) return [options.database];
  return options.databases === undefined || options.databases === 'all' ? undefined : options.databases;
}

async function obstacleIn(session: Session, server: Server): Promise<SuretyError | undefined> {
  const { role, superuser, mayCreateDatabases } = await askServer(session);
  const names = ownNames(server);
  const database = names?.[0] ?? 'a database';
  if (!mayCreateDatabases) return mayNotCreate(server, { role, database, beside: false });
  if (superuser || server.options.no_owner) return undefined;
  const [foreign] = await session.rows<{ name: string; owner: string }>(
    `SELECT datname AS name, pg_catalog.pg_get_userbyid(datdba) AS owner FROM pg_catalog.pg_database
     WHERE NOT pg_catalog.pg_has_role(current_user, datdba, 'MEMBER')
       AND ${names === undefined ? 'datallowconn AND NOT datistemplate' : `datname IN (${names.map(literal).join(', ')})`}
     ORDER BY datname LIMIT 1`,
  );
  return foreign === undefined ? undefined : mayNotOwn(server, { role, database: foreign.name, owner: foreign.owner });
}

/** Names of both kinds are cut at the end of what comes first where they would be too long. */
const KEPT = /^(.*)_before_\d{8}_\d{6}(?:_\d+)?$/s;
const UNFINISHED = /^(.*)_surety_[0-9a-f]{8}$/s;

async function oldDatabases(session: Session, server: Server): Promise<OldDatabase[]> {
  const names = ownNames(server);
  const rows = await session.rows<{ name: string; size: number | null }>(
    `SELECT datname AS name, CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid) END AS size
     FROM pg_catalog.pg_database WHERE datname ~ '_(before_[0-9]{8}_[0-9]{6}(_[0-9]+)?|surety_[0-9a-f]{8})$' ORDER BY datname`,
  );
  return rows.flatMap(({ name, size }) => {
    const [, kept] = KEPT.exec(name) ?? [];
    const of = kept ?? UNFINISHED.exec(name)?.[1] ?? '';
    if (names !== undefined && !names.some((one) => one === of || (of.length > 20 && one.startsWith(of)))) return [];
    const state = kept === undefined ? 'unfinished' : 'kept';
    return [{ name: displayName(name), state, sizeBytes: size === null ? undefined : Number(size) }];
  });
}
