/** What is in a database, and in the server around it, as far as it is dumped. */
import type { ObjectFingerprint } from '../source.ts';
import type { DumpedPart } from './describe-database.ts';
import type { PostgresOptions } from './options.ts';
import { relationCondition, schemaCondition } from './patterns.ts';
import { literal, shownName } from './quote.ts';
import type { Session } from './session.ts';

export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** What is in a database, as far as it is dumped. */
export interface Contents {
  readonly tables: readonly Relation[];
  readonly sequences: readonly Omit<Relation, 'columns'>[];
  /** Everything but tables and sequences. */
  readonly objects: readonly ObjectFingerprint[];
}

type Choice = Pick<PostgresOptions, 'schemas' | 'tables' | 'exclude_schemas' | 'exclude_tables' | 'large_objects'>;

const OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

function notOfExtension(catalog: string, object: string): string {
  return `NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = '${catalog}'::pg_catalog.regclass AND x.objid = ${object} AND x.deptype = 'e')`;
}

/** Which part of a database is dumped; undefined: all of it. To be called before the search path is changed, too. */
export async function partOfDatabase(session: Session, choice: Choice): Promise<DumpedPart | undefined> {
  const { tables, schemas, exclude_schemas, exclude_tables } = choice;
  if ((tables ?? schemas ?? exclude_schemas ?? exclude_tables) === undefined) return undefined;
  const kind = tables !== undefined ? 'tables' : schemas !== undefined ? 'schemas' : 'without';
  const query =
    kind === 'schemas'
      ? `SELECT n.nspname AS name FROM pg_catalog.pg_namespace n WHERE ${OWN} AND ${schemaCondition(choice)} ORDER BY 1`
      : `SELECT DISTINCT n.nspname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${OWN} AND ${relationCondition(choice)} ORDER BY 1`;
  const found = await session.rows<{ name: string }>(query);
  return { kind, schemas: found.map(({ name }) => name) };
}

/** Lists what is in the database. Call it before the search path is changed: patterns without a schema depend on the search path. */
export async function listContents(session: Session, choice: Choice, unlogged: boolean): Promise<Contents> {
  const relation = (kinds: string) =>
    `FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN (${kinds}) AND c.relpersistence <> 't' ${unlogged ? '' : "AND c.relpersistence <> 'u'"} AND ${OWN}
       AND ${notOfExtension('pg_class', 'c.oid')} AND ${relationCondition(choice)}`;
  const tables = await session.rows<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name, ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname::text COLLATE "C") AS columns
     ${relation("'r'")} ORDER BY 1, 2`,
  );
  const sequences = await session.rows<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name ${relation("'S'")} AND ${withItsTable(choice)} ORDER BY 1, 2`,
  );
  const views = await session.rows<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name ${relation("'v', 'm'")} ORDER BY 1, 2`,
  );
  const named = views.map(
    ({ schema, name }): ObjectFingerprint => ({ kind: 'view', name: shownName(schema, name), value: '' }),
  );
  return { tables, sequences, objects: [...named, ...(await listOthers(session, choice))] };
}

/** SQL that says whether the sequence `c` is dumped: one of an identity column is only where its table is. */
function withItsTable(choice: Choice): string {
  return `NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::pg_catalog.regclass AND d.objid = c.oid
    AND d.deptype = 'i' AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = d.refobjid AND ${relationCondition(choice)}))`;
}

/** Leaves the search path empty. */
async function listOthers(session: Session, choice: Choice): Promise<ObjectFingerprint[]> {
  if (choice.tables !== undefined) return [];
  const triggers = `SELECT 'trigger' AS kind, n.nspname AS schema, c.relname || '.' || t.tgname AS name, '' AS value
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND ${OWN} AND ${notOfExtension('pg_class', 'c.oid')} AND ${relationCondition(choice)}`;
  const routines = `SELECT 'routine' AS kind, n.nspname AS schema, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name, '' AS value
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE ${OWN} AND ${notOfExtension('pg_proc', 'p.oid')} AND ${schemaCondition(choice)}`;
  const extensions = `SELECT 'extension', '', e.extname, e.extversion FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql'`;
  const large = `SELECT 'large-object', '', 'all', pg_catalog.count(*)::text FROM pg_catalog.pg_largeobject_metadata`;
  const whole = choice.schemas === undefined;
  const parts = [routines];
  if (whole) parts.push(extensions);
  if (choice.large_objects ?? whole) parts.push(large);
  type Found = ObjectFingerprint & { readonly schema: string };
  const onTables = await session.rows<Found>(`${triggers}\nORDER BY 1, 2, 3`);
  // Types of arguments are named with their schema unless the search path has it.
  await session.run("SET search_path = ''");
  const found = await session.rows<Found>(`${parts.join('\nUNION ALL\n')}\nORDER BY 1, 2, 3`);
  return [...found, ...onTables].map(({ kind, schema, name, value }) => ({
    kind,
    name: schema === '' ? name : `${shownName(schema)}.${name}`,
    value,
  }));
}

/** Roles of the server; those that PostgreSQL itself brings are left out. */
export async function listRoles(session: Session): Promise<ObjectFingerprint[]> {
  const roles = await session.rows<{ name: string }>(
    `SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname !~ ${literal('^pg_')} ORDER BY 1`,
  );
  return roles.map(({ name }) => ({ kind: 'role', name, value: '' }));
}
