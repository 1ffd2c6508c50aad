import type { Session } from './session.ts';
import type { Version } from './version.ts';

/** An account as a statement names it and as `information_schema` lists it under `grantee`: `'name'@'host'`. */
export interface Account {
  /** `name@host`, to be shown. */
  readonly user: string;
  readonly grantee: string;
  /** What roles bring is listed nowhere: only trying tells. */
  readonly hasRoles: boolean;
}

/** The account that the server takes this session for. */
export async function accountOf(session: Session, { flavour, major }: Version): Promise<Account> {
  const [[user = '', roles = ''] = []] = await session.query(`SELECT CURRENT_USER(), ${rolesOf(flavour, major)}`);
  const at = user.lastIndexOf('@');
  return { user, grantee: `'${user.slice(0, at)}'@'${user.slice(at + 1)}'`, hasRoles: roles !== '0' };
}

/** MySQL has roles since version 8, but lists them in `information_schema` only since 8.0.19. */
function rolesOf(flavour: Version['flavour'], major: number): string {
  if (flavour === 'mariadb') return '(SELECT COUNT(*) FROM information_schema.applicable_roles)';
  return major >= 8 ? "CURRENT_ROLE() <> 'NONE'" : '0';
}

/** A database's name as a grant writes it: there `_` and `%` stand for other characters. */
export function grantName(database: string): string {
  return database.replaceAll('`', '``').replaceAll(/[_%]/g, String.raw`\$&`);
}
