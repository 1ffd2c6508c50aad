import { join } from 'node:path';
import { Secret } from '../../src/base/secret.ts';
import { openLocal } from '../../src/reach/local.ts';
import { type Held, hold, restoreHeld } from '../../src/sources/held.ts';
import { openPostgres } from '../../src/sources/postgres/open.ts';
import { postgresOptions, postgresSchema } from '../../src/sources/postgres/options.ts';
import type { ReadHow, ServerRestore, Source, Warning, WriteHow, WriteReport } from '../../src/sources/source.ts';
import type { PostgresServer } from '../fixtures/postgres-server.ts';

/** Tables, keys, views, triggers, sequences, types and contents of every sort that PostgreSQL 15 has without further packages. */
export const SAMPLE = `
CREATE EXTENSION hstore;
CREATE SCHEMA audit;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE customer (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, mood mood DEFAULT 'ok', extra hstore, born date);
INSERT INTO customer (name, mood, extra) SELECT 'Größe ' || g, 'happy', hstore('n', g::text) FROM generate_series(1, 200) g;
CREATE TABLE purchase (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint NOT NULL REFERENCES customer,
  net numeric(12, 4), gross numeric(12, 4) GENERATED ALWAYS AS (net * 1.19) STORED,
  at timestamptz DEFAULT '2026-03-29 01:30:00+01', took interval, ratio float8, raw bytea, doc jsonb, tags text[]);
INSERT INTO purchase (customer, net, took, ratio, raw, doc, tags)
  SELECT 1 + g % 200, g / 3.0, make_interval(secs => g), 1 / (g + 0.1)::float8, decode(md5(g::text), 'hex'),
    jsonb_build_object('g', g, 'quote', E'\\'"\\\\\\n'), ARRAY['a', NULL, 'c'] FROM generate_series(1, 500) g;
INSERT INTO purchase (customer, ratio, doc) VALUES (1, 'NaN', 'null'), (1, '-Infinity', '[]'), (1, NULL, NULL), (1, NULL, NULL);
CREATE INDEX ON purchase (at);
CREATE TABLE reading (sensor int, at date, value float4) PARTITION BY RANGE (at);
CREATE TABLE reading_2025 PARTITION OF reading FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE reading_2026 PARTITION OF reading FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO reading SELECT g, '2025-06-01'::date + g, g / 7.0 FROM generate_series(1, 300) g;
CREATE TABLE audit."odd ""table"".name/x" ("select" int, "Ünï" text, "t" text);
INSERT INTO audit."odd ""table"".name/x" VALUES (1, E'tab\\tline\\nend', 't'), (1, E'tab\\tline\\nend', 't');
CREATE TABLE nothing ();
CREATE VIEW spending AS SELECT customer, sum(gross) AS total FROM purchase GROUP BY 1;
CREATE MATERIALIZED VIEW spending_old AS SELECT * FROM spending;
CREATE FUNCTION audit.stamp() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.born := '2000-01-01'; RETURN NEW; END $f$;
CREATE TRIGGER stamped BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION audit.stamp();
CREATE TYPE audit.level AS (height int);
CREATE FUNCTION audit.raise(audit.level) RETURNS int LANGUAGE sql AS 'SELECT ($1).height + 1';
CREATE SEQUENCE audit.ticket START 1000 INCREMENT BY -5 MINVALUE 0 MAXVALUE 1000;
SELECT nextval('audit.ticket'), nextval('audit.ticket');
CREATE SEQUENCE untouched;
SELECT lo_from_bytea(4711, convert_to(repeat('large object ', 1000), 'UTF8')), lo_from_bytea(4712, '');
`;

/** Everything in a database that a restore has to bring back, in a form for a deep comparison. */
export async function observe(server: PostgresServer, database: string): Promise<Record<string, string>> {
  const ask = (query: string) => server.sql(query, database);
  return {
    customers: await ask('SELECT * FROM customer ORDER BY 1'),
    purchases: await ask('SELECT * FROM purchase ORDER BY 1'),
    readings: await ask('SELECT tableoid::regclass, * FROM reading ORDER BY 2'),
    odd: await ask('SELECT * FROM audit."odd ""table"".name/x"'),
    sequences: await ask(
      'SELECT last_value, is_called FROM audit.ticket UNION ALL SELECT last_value, is_called FROM untouched',
    ),
    views: await ask(
      'SELECT count(*), sum(total) FROM spending UNION ALL SELECT count(*), sum(total) FROM spending_old',
    ),
    large: await ask('SELECT oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY 1'),
    triggers: await ask('SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1'),
    constraints: await ask('SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1'),
    indexes: await ask("SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'audit') ORDER BY 1"),
    grants: await ask(
      "SELECT relname, relowner::regrole, relacl FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    ),
  };
}

export interface SourceHow {
  readonly password?: string;
  readonly safetyFolder?: string;
  readonly name?: string;
}

/** A source of that server with these options, as in a configuration. */
export function postgresSource(
  server: PostgresServer,
  options: Readonly<Record<string, unknown>>,
  how: SourceHow = {},
): Source {
  const raw = { server: '127.0.0.1', port: server.port, user: 'postgres', bin: server.bin, ...options };
  return openPostgres({
    name: how.name ?? 'db',
    reach: openLocal(),
    options: postgresOptions(postgresSchema.parse(raw)),
    password: how.password === undefined ? undefined : new Secret(how.password),
    safetyFolder: how.safetyFolder ?? join(server.folder, 'safety'),
  });
}

const never = new AbortController().signal;

export async function take(
  source: Source,
  how: Partial<ReadHow> = {},
): Promise<Held & { readonly warnings: readonly Warning[] }> {
  const warnings: Warning[] = [];
  const whole: ReadHow = { signal: never, warn: (warning) => void warnings.push(warning), ...how };
  await using reading = await source.read(whole);
  return { ...(await hold(reading, whole)), warnings };
}

export async function giveBack(
  source: Source,
  held: Held,
  server?: Partial<ServerRestore>,
  how: Partial<WriteHow> = {},
): Promise<WriteReport> {
  await using restoring = restoreHeld(held);
  return await source.write(restoring, {
    signal: never,
    warn: () => {},
    target: undefined,
    conflict: 'changed',
    dryRun: false,
    server: { inPlace: false, dropOld: false, ...server },
    ...how,
  });
}
