/** Users, roles and what they may do, as SQL that does not touch those that exist. */
import { messageOf } from '../../base/errors.ts';
import type { Session } from './session.ts';
import type { Tools } from './tools.ts';
import type { Version } from './version.ts';

export interface User {
  readonly name: string;
  /** Empty for a role of MariaDB. */
  readonly host: string;
  readonly isRole: boolean;
}

/** Accounts that belong to the server itself. */
const SYSTEM_USERS = new Set(['mariadb.sys', 'mysql.sys', 'mysql.session', 'mysql.infoschema', 'PUBLIC']);

/** Users and roles in byte order, without the server's own. */
export async function listUsers(session: Session, { version }: Tools): Promise<User[]> {
  const isRole = version.flavour === 'mariadb' ? 'is_role' : "'N'";
  const rows = await session.query(`SELECT HEX(user), HEX(host), ${isRole} FROM mysql.user ORDER BY 3 DESC, 1, 2`);
  const users = rows.map(([name = '', host = '', role = '']): User => {
    return { name: fromHex(name), host: fromHex(host), isRole: role === 'Y' };
  });
  return users.filter(({ name }) => !SYSTEM_USERS.has(name));
}

function fromHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8');
}

/** For people and fingerprints: `'name'@'host'`, or the name of a role. */
export function userLabel({ name, host, isRole }: User): string {
  return isRole ? name : `'${name}'@'${host}'`;
}

function account({ name, host, isRole }: User): string {
  const quoted = (value: string) => `\`${value.replaceAll('`', '``')}\``;
  return isRole ? quoted(name) : `${quoted(name)}@${quoted(host)}`;
}

/**
 * The statements, one to a line: first all accounts, then what they may do, since rights refer to other accounts. Passwords are in it as
 * the server stores them: hashed. An account that stands in the table but is not in effect, as those with host names are in a server
 * that resolves none, is only named.
 */
export async function dumpUsers(open: () => Session, tools: Tools, users: readonly User[]): Promise<string> {
  const { version } = tools;
  const name = version.flavour === 'mariadb' ? 'MariaDB' : 'MySQL';
  const head = [`-- ${name} dump of users and their rights, by Surety`, '--', `-- Server version\t${version.text}`, ''];
  const [creates, grants]: [string[], string[]] = [[], []];
  let session = open();
  try {
    for (const user of users) {
      try {
        const created = await createStatement(session, version, user);
        const rows = await session.query(`SHOW GRANTS FOR ${account(user)}`);
        creates.push(`${created};`);
        grants.push(...rows.map(([grant = '']) => `${oneLine(withoutPassword(grant))};`));
      } catch (error) {
        if (!isNotInEffect(error)) throw error;
        creates.push(`-- ${oneLine(userLabel(user))} is not in effect`);
        await session[Symbol.asyncDispose]();
        session = open();
      }
    }
  } finally {
    await session[Symbol.asyncDispose]();
  }
  return `${[...head, ...creates, ...grants].join('\n')}\n\n-- Dump completed\n`;
}

/** ER_PASSWORD_NO_MATCH, ER_NONEXISTING_GRANT, ER_CANNOT_USER. */
function isNotInEffect(error: unknown): boolean {
  return /ERROR (1133|1141|1396) /.test(messageOf(error));
}

async function createStatement(session: Session, version: Version, user: User): Promise<string> {
  if (user.isRole) return `CREATE ROLE IF NOT EXISTS ${account(user)}`;
  // Hashes can be any bytes there.
  if (version.flavour === 'mysql')
    await session.query('SET @done = 1 /*!80017 , SESSION print_identified_with_as_hex = ON */');
  const [[created = ''] = []] = await session.query(`SHOW CREATE USER ${account(user)}`);
  return oneLine(
    created
      .replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS ')
      .replace(/ DEFAULT ROLE .*?(?= REQUIRE | PASSWORD | ACCOUNT )/, ''),
  );
}

/** A right that brings the password along would change that of a user who exists. */
export function withoutPassword(grant: string): string {
  return grant.replace(/ IDENTIFIED (BY PASSWORD '[^']*'|(VIA|WITH) .*?)(?= REQUIRE | WITH (GRANT|MAX_)|$)/, '');
}

function oneLine(statement: string): string {
  return statement.replaceAll('\n', ' ');
}
