/** What the tests with a MariaDB server have in common: databases with everything in them, and how a source is opened, read and restored. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../src/base/secret.ts';
import { openLocal } from '../../src/reach/local.ts';
import type { Reach } from '../../src/reach/reach.ts';
import { type Held, hold, restoreHeld } from '../../src/sources/held.ts';
import type { MysqlFacts } from '../../src/sources/mysql/facts.ts';
import { openMysql } from '../../src/sources/mysql/open.ts';
import { mysqlOptions, mysqlSchema } from '../../src/sources/mysql/options.ts';
import type { Source, SourceFacts, Warning, WriteHow, WriteReport } from '../../src/sources/source.ts';
import type { MariadbServer } from '../fixtures/mariadb-server.ts';

export const never = new AbortController().signal;

/** A name that needs care in SQL, in file names and in arguments. */
export const ODD_NAME = '-o`dd/n%me.ü';

/** Tables of every kind, code of every kind, and contents that are easily lost. */
export const SAMPLE = `
CREATE TABLE kinds (
  id INT PRIMARY KEY AUTO_INCREMENT, old VARCHAR(40) CHARACTER SET latin1, words TEXT, picture LONGBLOB, bits BIT(13),
  place POINT, document JSON, single FLOAT, twice DOUBLE, exact DECIMAL(30,10), at TIMESTAMP(6) NULL, day DATE, took TIME(3),
  colour ENUM('red','grün','it''s'), tags SET('a','b'), twin INT AS (LENGTH(raw)) STORED, ghost VARCHAR(20) AS (CONCAT('g', exact)) VIRTUAL,
  raw VARBINARY(40), fixed BINARY(4), tall CHAR(5), address INET6, key_id UUID, KEY (colour), FULLTEXT (words)
) AUTO_INCREMENT = 100 COMMENT 'it''s a ; comment -- not';
INSERT INTO kinds (old, words, picture, bits, place, document, single, twice, exact, at, day, took, colour, tags, raw, fixed, tall, address, key_id) VALUES
  ('Grüße', CONCAT('line\\nDELIMITER ;;\\n-- Dump completed\\n', CHAR(0), '\\t\\\\ 😀'), UNHEX('00ff0a0d1a27225c'), b'1010101010101', ST_GeomFromText('POINT(1.5 -2)'),
   '{"a": [1, 2.50, "ü"], "b": null}', 1.2345678, 0.1, 12345678901234567890.0123456789, '2024-03-31 01:30:00.123456', '2024-02-29', '-100:00:00.5', 'grün', 'a,b', UNHEX('00'), 'ab', 'x  ', '::1', UUID()),
  (NULL, '', '', NULL, NULL, NULL, NULL, -0.0, NULL, NULL, '0001-01-01', NULL, 'it''s', '', '', NULL, '', NULL, NULL);
CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20) UNIQUE);
CREATE TABLE child (id INT PRIMARY KEY, parent INT NOT NULL, note TEXT, CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1, 'one'), (2, 'two'); INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'b');
CREATE TABLE parted (id INT, year INT, PRIMARY KEY (id, year)) PARTITION BY RANGE (year) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parted VALUES (1, 1999), (2, 2020);
CREATE TABLE \`~we\`\`ird #1\` (\`a b\` INT, \`select\` TEXT); INSERT INTO \`~we\`\`ird #1\` VALUES (1, 'x');
CREATE TABLE audit (what VARCHAR(60));
CREATE SEQUENCE numbers START WITH 5; CREATE TABLE numbered (id INT DEFAULT NEXTVAL(numbers), v INT); INSERT INTO numbered (v) VALUES (1), (2);
CREATE VIEW a_view AS SELECT c.id, p.name FROM child c JOIN parent p ON p.id = c.parent;
CREATE VIEW another AS SELECT id FROM a_view WHERE name LIKE '%o%';
CREATE DEFINER = 'nobody'@'nowhere' VIEW orphan AS SELECT 1 AS one;
DELIMITER ;;
CREATE PROCEDURE proc (IN x INT) BEGIN -- a comment; with a semicolon
  SELECT x; /* and
  another DELIMITER ; */ SELECT 'y'; END;;
CREATE FUNCTION func (x INT) RETURNS INT DETERMINISTIC RETURN x + 1;;
CREATE TRIGGER plain_trigger AFTER INSERT ON parent FOR EACH ROW INSERT INTO audit VALUES (CONCAT('parent ', NEW.id));;
CREATE EVENT ticker ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01 00:00:00' COMMENT 'ENABLE' DO BEGIN DELETE FROM audit WHERE what = 'never'; END;;
DELIMITER ;
`;

/** The least that shows whether something is lost. */
const SMALL = `
CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE child (id INT PRIMARY KEY, parent INT NOT NULL, note TEXT, CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES parent (id));
INSERT INTO parent VALUES (1, 'one'), (2, 'two'); INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'b');
CREATE VIEW a_view AS SELECT id FROM child;
CREATE FUNCTION func (x INT) RETURNS INT DETERMINISTIC RETURN x + 1;
CREATE TRIGGER plain_trigger BEFORE INSERT ON parent FOR EACH ROW SET NEW.name = NEW.name;
CREATE TRIGGER lab.named_trigger BEFORE UPDATE ON lab.parent FOR EACH ROW SET NEW.name = NEW.name;
CREATE EVENT ticker ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01 00:00:00' DO SELECT 1;
`;

/** Makes the database `lab` with little in it. */
export async function makeSmall(server: MariadbServer): Promise<void> {
  await server.sql(`CREATE DATABASE lab; USE lab; ${SMALL}`);
}

/** Makes the databases, each with the sample in it; the name of the first is written in its triggers. */
export async function makeSample(server: MariadbServer, ...databases: readonly string[]): Promise<void> {
  for (const database of databases) {
    const name = `\`${database.replaceAll('`', '``')}\``;
    await server.sql(`DROP DATABASE IF EXISTS ${name}; CREATE DATABASE ${name} COLLATE utf8mb4_general_ci`);
    await server.sql(SAMPLE, database);
    const qualified = `CREATE TRIGGER ${name}.named_trigger BEFORE UPDATE ON ${name}.parent FOR EACH ROW SET NEW.name = NEW.name`;
    await server.sql(`${qualified}; ALTER DATABASE ${name} COLLATE utf8mb4_bin`, database);
  }
}

export interface OpenHow {
  readonly reach?: Reach;
  readonly password?: string;
  readonly safetyFolder?: string;
}

export function openSource(server: MariadbServer, options: object, how: OpenHow = {}): Source {
  const place = 'port' in options || 'socket' in options || 'server' in options ? {} : { socket: server.socket };
  return openMysql({
    name: 'lab',
    host: 'here',
    safetyFolder: how.safetyFolder ?? join(server.folder, 'no-safety'),
    reach: how.reach ?? openLocal(),
    password: how.password === undefined ? undefined : new Secret(how.password),
    options: mysqlOptions(mysqlSchema.parse({ user: 'root', ...place, ...options })),
  });
}

export interface Taken extends Held {
  readonly facts: MysqlFacts;
  readonly warnings: readonly Warning[];
}

/** Reads the source to its end. */
export async function take(source: Source, previous?: SourceFacts): Promise<Taken> {
  const warnings: Warning[] = [];
  const how = { signal: never, warn: (warning: Warning) => void warnings.push(warning), previous };
  await using reading = await source.read(how);
  const held = await hold(reading, how);
  return { ...held, facts: held.facts as MysqlFacts, warnings };
}

export interface Written extends WriteReport {
  readonly warnings: readonly Warning[];
}

export async function restore(source: Source, held: Held, how: Partial<WriteHow> = {}): Promise<Written> {
  const warnings: Warning[] = [];
  const warn = (warning: Warning) => void warnings.push(warning);
  await using restoring = restoreHeld(held);
  const base = { signal: never, warn, target: undefined, conflict: 'overwrite' as const, dryRun: false };
  return { ...(await source.write(restoring, { ...base, ...how })), warnings };
}

export const SWAP = { inPlace: false, dropOld: false };

/** Everything in a database, independent of its name: rows of every table and definitions of everything else. */
export async function observe(server: MariadbServer, database: string): Promise<unknown> {
  const literal = `0x${Buffer.from(database).toString('hex')}`;
  const of = (column: string) => `WHERE ${column} = CONVERT(${literal} USING utf8mb4)`;
  const tables = (
    await server.sql(
      `SELECT table_name FROM information_schema.tables ${of('table_schema')} AND table_type <> 'VIEW' ORDER BY 1`,
    )
  ).split('\n');
  const queries = tables
    .filter((table) => table !== '')
    .map((table) => `\`${table.replaceAll('`', '``')}\``)
    .flatMap((table) => [`SHOW CREATE TABLE ${table}`, `SELECT * FROM ${table} ORDER BY 1`]);
  queries.push(
    `SELECT table_name, view_definition, definer FROM information_schema.views ${of('table_schema')} ORDER BY 1`,
    `SELECT routine_name, routine_type, routine_definition, definer, sql_mode FROM information_schema.routines ${of('routine_schema')} ORDER BY 1`,
    `SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement, definer FROM information_schema.triggers ${of('trigger_schema')} ORDER BY 1`,
    `SELECT event_name, event_definition, interval_value, starts, event_comment, definer FROM information_schema.events ${of('event_schema')} ORDER BY 1`,
    `SELECT default_character_set_name, default_collation_name FROM information_schema.schemata ${of('schema_name')}`,
  );
  const answers = await server.sql(queries.map((query) => `SELECT '---'; ${query};`).join('\n'), database);
  return answers.replaceAll(`\`${database.replaceAll('`', '``')}\`.`, '').split('---\n');
}

export function assertClean(report: WriteReport): void {
  assert.deepEqual(report.failed, []);
  assert.ok(report.checks.every(({ ok }) => ok));
  assert.ok(
    report.checks.some(({ detail }) => detail.startsWith('as recorded')),
    JSON.stringify(report.checks),
  );
}

/** Names of databases that are not the server's own. */
export async function databasesOf(server: MariadbServer): Promise<string[]> {
  const names = (await server.sql('SHOW DATABASES')).split('\n');
  return names.filter((name) => !['information_schema', 'performance_schema', 'mysql', 'sys'].includes(name));
}

export async function dropAll(server: MariadbServer): Promise<void> {
  for (const name of await databasesOf(server)) await server.sql(`DROP DATABASE \`${name.replaceAll('`', '``')}\``);
}

export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'surety-mysql-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
