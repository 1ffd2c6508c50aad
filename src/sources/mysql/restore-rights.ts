import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { listed } from '../../base/nearest.ts';
import type { ServerRestore } from '../source.ts';
import { type Account, accountOf, grantName } from './account.ts';
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
  const account = await accountOf(session, version);
  if (account.hasRoles) return undefined;
  const { database, names } = place;
  const beside = how.as === undefined && !how.inPlace;
  for (const name of beside ? [database, names.restoring, names.before] : [database]) {
    const held = await heldRights(session, account, name);
    const missing = how.needed.filter((right) => !held.has(right));
    if (held.size > 0 && missing.length > 0)
      return denied(how, { account, database, beside, missing, isNew: name !== database });
  }
  return undefined;
}

/** Rights of the user on a database of this name, whether it is there or not; USAGE is among them for everybody. */
async function heldRights(session: Session, account: Account, database: string): Promise<Set<string>> {
  const grantee = text(account.grantee);
  const rows = await session.query(
    `SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = ${grantee} UNION
     SELECT privilege_type FROM information_schema.schema_privileges WHERE grantee = ${grantee} AND ${text(database)} LIKE table_schema`,
  );
  return new Set(rows.map(([right = '']) => right.toUpperCase()));
}

function denied(
  { source }: { readonly source: string },
  found: {
    readonly account: Account;
    readonly database: string;
    readonly beside: boolean;
    readonly missing: readonly string[];
    /** On the database itself there are enough. */
    readonly isNew: boolean;
  },
): SuretyError {
  const { account, database, beside, missing, isNew } = found;
  const { user, grantee } = account;
  const name = grantName(database);
  const grants = [name, ...(beside ? [`${name}\\_%`] : [])].map((where) => `GRANT ALL ON \`${where}\`.* TO ${grantee}`);
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
