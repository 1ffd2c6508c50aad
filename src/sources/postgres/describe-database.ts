import { identifier, literal } from './quote.ts';
import type { Session } from './session.ts';

/** What a database is besides its contents: what is needed to make one like it. */
export interface DatabaseFacts {
  readonly name: string;
  /** The file or folder in the snapshot. */
  readonly entry: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** `c` or absent: of the system's library; `i`: ICU; `b`: built in. */
  readonly provider: string | null;
  readonly locale: string | null;
  readonly tablespace: string;
  /** -1: no limit. */
  readonly connectionLimit: number;
  readonly comment: string | null;
  /** Whether everybody may copy it, and nobody drop it. Absent in snapshots that do not know. */
  readonly template?: boolean | undefined;
  /** Settings of the database, and of roles in it; role '' is everybody. */
  readonly settings: readonly { readonly role: string; readonly setting: string }[];
  /** Null where they are as PostgreSQL makes them. Grantee '' is PUBLIC. */
  readonly grants: readonly DatabaseGrant[] | null;
  /** Undefined: the dump has all of it. */
  readonly part?: DumpedPart | undefined;
}

/** What a dump has of a database when it does not have all of it. */
export interface DumpedPart {
  /** Chosen tables, chosen schemas, or all but what was excluded. */
  readonly kind: 'tables' | 'schemas' | 'without';
  /** The chosen ones; else those in which there is something that was dumped. */
  readonly schemas: readonly string[];
}

export interface DatabaseGrant {
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable: boolean;
}

// to_jsonb: which columns there are depends on the server's version.
const DESCRIBE = `SELECT d.datname AS name, pg_catalog.pg_get_userbyid(d.datdba) AS owner,
  pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate, d.datctype AS ctype,
  pg_catalog.to_jsonb(d) ->> 'datlocprovider' AS provider,
  coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale,
  t.spcname AS tablespace, d.datistemplate AS template, d.datconnlimit AS "connectionLimit",
  pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
  (SELECT coalesce(json_agg(json_build_object('role', coalesce(r.rolname, ''), 'setting', one.setting)), '[]')
    FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole,
      unnest(s.setconfig) AS one(setting) WHERE s.setdatabase = d.oid) AS settings,
  CASE WHEN d.datacl IS NOT NULL THEN (SELECT coalesce(json_agg(json_build_object('grantee', coalesce(r.rolname, ''),
      'privilege', a.privilege_type, 'grantable', a.is_grantable)), '[]')
    FROM aclexplode(d.datacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee) END AS grants
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
WHERE d.datname = `;

/** The database of that name as the server has it; undefined when there is none. */
export async function describeDatabase(
  session: Session,
  database: string,
  entry: string,
): Promise<DatabaseFacts | undefined> {
  const [found] = await session.rows<Omit<DatabaseFacts, 'entry'>>(DESCRIBE + literal(database));
  return found === undefined ? undefined : { ...found, entry };
}

export interface CreateHow {
  /** Undefined: whoever connects. */
  readonly owner: string | undefined;
  /** Undefined: the server's default. */
  readonly tablespace: string | undefined;
}

/** SQL that makes an empty database like the one described. Nothing of `template1` gets into it. */
export function createStatement(
  name: string,
  facts: DatabaseFacts | undefined,
  { owner, tablespace }: CreateHow,
): string {
  const parts = [`CREATE DATABASE ${identifier(name)} TEMPLATE template0`];
  if (owner !== undefined) parts.push(`OWNER ${identifier(owner)}`);
  if (facts !== undefined) {
    parts.push(
      `ENCODING ${literal(facts.encoding)} LC_COLLATE ${literal(facts.collate)} LC_CTYPE ${literal(facts.ctype)}`,
    );
    if (facts.provider === 'i') parts.push(`LOCALE_PROVIDER icu ICU_LOCALE ${literal(facts.locale ?? '')}`);
    if (facts.provider === 'b') parts.push(`LOCALE_PROVIDER builtin BUILTIN_LOCALE ${literal(facts.locale ?? '')}`);
  }
  if (tablespace !== undefined) parts.push(`TABLESPACE ${identifier(tablespace)}`);
  return parts.join(' ');
}

/** Settings whose value is a list of quoted names already. */
const LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

export interface PropertyHow {
  readonly roles: ReadonlySet<string>;
  readonly privileges: boolean;
  /** Gets what could not be taken over. */
  readonly note: (sentence: string) => void;
}

/** SQL that gives the database `name` the settings, grants and comment of the one described. */
export function propertyStatements(
  name: string,
  facts: DatabaseFacts,
  { roles, privileges, note }: PropertyHow,
): string[] {
  const database = identifier(name);
  const statements: string[] = [];
  const known = (role: string, what: string): boolean => {
    if (role === '' || roles.has(role)) return true;
    note(`${what} of role ${role} was left out: there is no such role here`);
    return false;
  };
  if (facts.connectionLimit >= 0)
    statements.push(`ALTER DATABASE ${database} CONNECTION LIMIT ${facts.connectionLimit}`);
  if (facts.template === true) statements.push(`ALTER DATABASE ${database} IS_TEMPLATE true`);
  if (facts.comment !== null) statements.push(`COMMENT ON DATABASE ${database} IS ${literal(facts.comment)}`);
  for (const { role, setting } of facts.settings) {
    if (!known(role, 'a setting')) continue;
    const whose = role === '' ? `DATABASE ${database}` : `ROLE ${identifier(role)} IN DATABASE ${database}`;
    statements.push(`ALTER ${whose} SET ${assignment(setting)}`);
  }
  if (!privileges || facts.grants === null) return statements;
  statements.push(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  for (const { grantee, privilege, grantable } of facts.grants) {
    if (!known(grantee, 'a grant')) continue;
    const to = grantee === '' ? 'PUBLIC' : identifier(grantee);
    statements.push(`GRANT ${privilege} ON DATABASE ${database} TO ${to}${grantable ? ' WITH GRANT OPTION' : ''}`);
  }
  return statements;
}

function assignment(setting: string): string {
  const at = setting.indexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  const shown = name.split('.').map(identifier).join('.');
  return `${shown} TO ${LISTS.has(name.toLowerCase()) && value !== '' ? value : literal(value)}`;
}
