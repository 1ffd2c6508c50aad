/** Restores single tables or schemas, with their indexes, constraints, triggers and sequences, out of a dump of any format. */
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { toolOutput } from '../tool.ts';
import { relationCondition } from './patterns.ts';
import { explainer } from './postgres-error.ts';
import { identifier, shownName } from './quote.ts';
import { type Restore, runScript } from './restore-context.ts';
import { connectionArgs, programOf, toolEnvironment } from './server.ts';
import { openSession } from './session.ts';

interface Chosen {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly wanted: boolean;
}

const WORDS: Readonly<Record<string, string>> = {
  r: 'TABLE',
  p: 'TABLE',
  v: 'VIEW',
  m: 'MATERIALIZED VIEW',
  f: 'FOREIGN TABLE',
};

/** Removes every table and view that was not asked for. */
export async function keepOnlyChosen(restore: Restore, database: string): Promise<void> {
  const all = await listChosen(restore, database);
  const doing = `restore of parts into database ${displayName(database)}`;
  await using session = await openSession(restore.server, database, {
    signal: restore.how.signal,
    doing,
    side: 'target',
  });
  for (const { schema, name, kind } of all.filter(({ wanted }) => !wanted)) {
    await session.run(`DROP ${WORDS[kind]} IF EXISTS ${identifier(schema)}.${identifier(name)} CASCADE`);
  }
  noteChosen(restore, all);
}

/** Replaces in `to` what was asked for by what `from` has, as one transaction. */
export async function copyChosen(restore: Restore, from: string, to: string): Promise<void> {
  const { server, how } = restore;
  const all = await listChosen(restore, from);
  const wanted = all.filter((one) => one.wanted);
  const doing = `restore of parts into database ${to}`;
  const tables = wanted.map(({ schema, name }) => `--table=${identifier(schema)}.${identifier(name)}`);
  const flags = ['--clean', '--if-exists', '--strict-names'];
  const argv = [programOf(server, 'pg_dump'), ...flags, ...tables, ...connectionArgs(server, from)];
  const explain = explainer({ server, doing, side: 'target' });
  const output = toolOutput(server.reach, argv, { signal: how.signal, doing, env: toolEnvironment(server), explain });
  const schemas = [...new Set(wanted.map(({ schema }) => schema))];
  await runScript(restore, withSchemas(schemas, output), { database: to, doing, singleTransaction: true });
  noteChosen(restore, all);
}

async function* withSchemas(schemas: readonly string[], script: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const statements = schemas.map((schema) => `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};\n`);
  yield Buffer.from(`SET client_min_messages = warning;\n${statements.join('')}`, 'utf8');
  yield* script;
}

/** All tables and views, and which of them are wanted; partitions go with their table. Throws when a name matches none. */
async function listChosen({ server, how, request }: Restore, database: string): Promise<Chosen[]> {
  const doing = `search for tables in the restored database`;
  await using session = await openSession(server, database, { signal: how.signal, doing, side: 'target' });
  const list = (condition: string) =>
    session.rows<Chosen>(`SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind, EXISTS (
        SELECT FROM pg_catalog.pg_class o WHERE o.oid = c.oid AND ${condition}
        UNION ALL SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) a(oid) JOIN pg_catalog.pg_class c ON c.oid = a.oid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ${condition}) AS wanted
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.objid = c.oid AND x.classid = 'pg_class'::pg_catalog.regclass AND x.deptype = 'e')
      ORDER BY 1, 2`);
  const conditions: { what: string; condition: string }[] = [];
  for (const table of request.tables ?? []) {
    const pattern = table.includes('.') ? table : `*.${table}`;
    conditions.push({ what: `table ${table}`, condition: relationCondition({ tables: [pattern] }) });
  }
  for (const schema of request.schemas ?? []) {
    conditions.push({ what: `schema ${schema}`, condition: relationCondition({ schemas: [schema] }) });
  }
  for (const { what, condition } of conditions) {
    if ((await list(condition)).some(({ wanted }) => wanted)) continue;
    const names = (await list('false')).map(({ schema, name }) => shownName(schema, name));
    throw new SuretyError('target.failed', `the snapshot has no ${what}`, {
      hint: names.length === 0 ? 'it has no tables' : `it has: ${names.slice(0, 20).join(', ')}`,
    });
  }
  return await list(`(${conditions.map(({ condition }) => condition).join(' OR ')})`);
}

function noteChosen({ tally }: Restore, all: readonly Chosen[]): void {
  const names = all.filter(({ wanted }) => wanted).map(({ schema, name }) => shownName(schema, name));
  tally.checks.push({ what: 'parts', ok: true, detail: names.join(', ') });
}
