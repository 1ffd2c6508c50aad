import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { listed } from '../../base/nearest.ts';
import type { ServerRestore } from '../source.ts';
import { text } from './quote.ts';
import type { Session } from './session.ts';
import type { Version } from './version.ts';

export interface RestoredPlace {
  readonly database: string;
  readonly names: { readonly restoring: string; readonly before: string };
}

/** What every dump needs where it is loaded: tables are made, locked, filled, moved and dropped. */
const ALWAYS = ['SELECT', 'INSERT', 'CREATE', 'DROP', 'ALTER', 'LOCK TABLES'];

/** What some databases need besides, by what is in them. */
export function rightsFor(
  contents: Readonly<Record<'views' | 'triggers' | 'events' | 'routines', readonly unknown[]>>,
): string[] {
  return [
    ...ALWAYS,
    ...(contents.views.length > 0 ? ['CREATE VIEW', 'SHOW VIEW'] : []),
    ...(contents.routines.length > 0 ? ['CREATE ROUTINE', 'ALTER ROUTINE'] : []),
    ...(contents.triggers.length > 0 ? ['TRIGGER'] : []),
    ...(contents.events.length > 0 ? ['EVENT'] : []),
  ];
}

/**
 * The error of a restore that the user has too few rights for, `target.denied` with the statement that helps; undefined where none is
 * missing, and where only trying can tell: roles bring rights that are listed nowhere.
 */
export async function lackingRights(
  session: Session,
  version: Version,
  place: RestoredPlace,
  how: Pick<ServerRestore, 'as' | 'inPlace'> & { readonly source: string; readonly needed: readonly string[] },
): Promise<SuretyError | undefined> {
  const hasRoles = version.flavour === 'mariadb' || version.major >= 8;
  const counting =
    version.flavour === 'mariadb'
      ? '(SELECT COUNT(*) FROM information_schema.applicable_roles)'
      : "CURRENT_ROLE() <> 'NONE'";
  const [[user = '', roles = ''] = []] = await session.query(`SELECT CURRENT_USER(), ${hasRoles ? counting : '0'}`);
  if (roles !== '0') return undefined;
  const { database, names } = place;
  const beside = how.as === undefined && !how.inPlace;
  for (const name of beside ? [database, names.restoring, names.before] : [database]) {
    const held = await heldRights(session, user, name);
    const missing = how.needed.filter((right) => !held.has(right));
    if (held.size > 0 && missing.length > 0)
      return denied(how, { user, database, beside, missing, isNew: name !== database });
  }
  return undefined;
}

/** Rights of the user on a database of this name, whether it is there or not; USAGE is among them for everybody. */
async function heldRights(session: Session, user: string, database: string): Promise<Set<string>> {
  const at = user.lastIndexOf('@');
  const grantee = text(`'${user.slice(0, at)}'@'${user.slice(at + 1)}'`);
  const rows = await session.query(
    `SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = ${grantee} UNION
     SELECT privilege_type FROM information_schema.schema_privileges WHERE grantee = ${grantee} AND ${text(database)} LIKE table_schema`,
  );
  return new Set(rows.map(([right = '']) => right.toUpperCase()));
}

function denied(
  { source }: { readonly source: string },
  found: {
    readonly user: string;
    readonly database: string;
    readonly beside: boolean;
    readonly missing: readonly string[];
    /** On the database itself there are enough. */
    readonly isNew: boolean;
  },
): SuretyError {
  const { user, database, beside, missing, isNew } = found;
  const at = user.lastIndexOf('@');
  const to = `'${user.slice(0, at)}'@'${user.slice(at + 1)}'`;
  // In the place of a grant `_` and `%` stand for other characters.
  const name = database.replaceAll('`', '``').replaceAll(/[_%]/g, '\\$&');
  const grants = [name, ...(beside ? [`${name}\\_%`] : [])].map((where) => `GRANT ALL ON \`${where}\`.* TO ${to}`);
  const shown = displayName(database);
  const where = isNew ? `databases beside ${shown}, which a restore makes` : `database ${shown}`;
  return new SuretyError(
    'target.denied',
    `${source}: the user ${user} lacks the ${missing.length === 1 ? 'right' : 'rights'} ${listed(missing, 'and')} on ${where}`,
    {
      hint: `${grants.join('; ')}${isNew ? '; or restore into the database that is there with --in-place' : ''}`,
      details: { source, database },
    },
  );
}
