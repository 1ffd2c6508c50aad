import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { listed } from '../../base/nearest.ts';
import { type Account, accountOf, grantName } from './account.ts';
import type { Server } from './client.ts';
import { text } from './quote.ts';
import type { Session } from './session.ts';
import type { Version } from './version.ts';

/**
 * Checks that the user sees all of a database. The dump program leaves out silently what it may not see, triggers for
 * instance, so that is looked up beforehand. Throws `source.denied` with the statement that helps.
 */
export async function expectRights(
  session: Session,
  server: Server,
  version: Version,
  database: string,
): Promise<void> {
  const account = await accountOf(session, version);
  if (account.hasRoles) return;
  const found = await session.query(rightsQuery(account, database));
  const held = new Set(found.map(([right = '']) => right.toUpperCase()));
  const missing = neededRights(server).filter((right) => !held.has(right));
  const blind = server.options.routines && !seesRoutines(found);
  if (missing.length === 0 && !blind) return;
  throw missing.length > 0 ? lacking(server, database, account, missing) : blindness(server, database, account);
}

function neededRights({ options }: Server): string[] {
  const rights = ['SELECT', 'SHOW VIEW'];
  if (options.triggers) rights.push('TRIGGER');
  if (options.events) rights.push('EVENT');
  return rights;
}

/** Rows of right and where it holds: `*`, `database` or `mysql`. */
function rightsQuery(account: Account, database: string): string {
  const grantee = text(account.grantee);
  const schema = `information_schema.schema_privileges WHERE grantee = ${grantee}`;
  return [
    `SELECT privilege_type, '*' FROM information_schema.user_privileges WHERE grantee = ${grantee}`,
    `SELECT privilege_type, 'database' FROM ${schema} AND ${text(database)} LIKE table_schema`,
    `SELECT 'MYSQL', 'mysql' FROM ${schema} AND table_schema = 'mysql' AND privilege_type = 'SELECT'`,
    `SELECT 'PROC', 'mysql' FROM information_schema.table_privileges WHERE grantee = ${grantee} AND table_schema = 'mysql' AND table_name = 'proc' AND privilege_type = 'SELECT'`,
  ].join(' UNION ');
}

function seesRoutines(found: readonly (readonly string[])[]): boolean {
  return found.some(([right = '', where = '']) => {
    if (where === 'mysql') return true;
    if (right === 'SHOW CREATE ROUTINE' || right === 'SHOW_ROUTINE') return true;
    return where === '*' && right === 'SELECT';
  });
}

function lacking(
  { source }: Server,
  database: string,
  { user, grantee }: Account,
  missing: readonly string[],
): SuretyError {
  return new SuretyError(
    'source.denied',
    `${source}: the user ${user} lacks the ${missing.length === 1 ? 'right' : 'rights'} ${listed(missing, 'and')} on database ${displayName(database)}, so the dump would not be complete`,
    {
      hint: `GRANT ${missing.join(', ')} ON \`${grantName(database)}\`.* TO ${grantee}`,
      details: { source, database },
    },
  );
}

function blindness({ source }: Server, database: string, { user, grantee }: Account): SuretyError {
  return new SuretyError(
    'source.denied',
    `${source}: the user ${user} may not see the routines of others, so those of database ${displayName(database)} could be missing in the dump`,
    {
      hint: `GRANT SELECT ON mysql.proc TO ${grantee} (MySQL 8: GRANT SHOW_ROUTINE ON *.*), or set \`routines: false\``,
      details: { source, database },
    },
  );
}
