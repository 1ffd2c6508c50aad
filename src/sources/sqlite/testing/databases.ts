/** Databases and other processes for the tests of this folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Held, hold, restoreHeld } from '../../held.ts';
import type { Fingerprint, Source, SourceFacts, Warning, WriteHow, WriteReport } from '../../source.ts';
import { openSqlite } from '../open.ts';
import { sqliteOptions } from '../options.ts';

export interface Folder extends Disposable {
  readonly path: string;
  /** Path of a name in it. */
  at(name: string): string;
}

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'surety-sqlite-test-'));
  return {
    path,
    at: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

export type Mode = 'wal' | 'delete';

/** Makes a database with `rows` rows in table `items`, each with a value of every type. */
export function makeDatabase(path: string, { mode = 'delete' as Mode, rows = 1000 } = {}): void {
  using database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = ${mode};
    CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight REAL, picture BLOB, note);
    CREATE INDEX items_by_name ON items (name);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO items SELECT i, 'item ' || i, i * 0.1, zeroblob(i % 50), NULL FROM n;`);
}

export function execute(path: string, sql: string): void {
  using database = new DatabaseSync(path);
  database.exec(sql);
}

export function countItems(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true });
  return Number(database.prepare('SELECT count(*) AS n FROM items').get()?.n);
}

export interface OtherProcess extends AsyncDisposable {
  readonly child: ChildProcess;
}

/**
 * Starts a program with `DatabaseSync` and `path` in scope. Resolves when it has printed something; it is killed on
 * disposal.
 */
export async function startProcess(path: string, program: string): Promise<OtherProcess> {
  const head = `import { DatabaseSync } from 'node:sqlite'; const path = ${JSON.stringify(path)};`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', head + program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  return {
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

export const never = new AbortController().signal;

export function open(path: string, baseDir = '/', options: object = {}): Source {
  return openSqlite({ name: 'app', host: 'here', baseDir, options: sqliteOptions.parse({ path, ...options }) });
}

export interface Taken extends Held {
  readonly warnings: readonly Warning[];
}

/** Reads the source to its end. */
export async function take(source: Source, previous?: SourceFacts): Promise<Taken> {
  const warnings: Warning[] = [];
  const how = { signal: never, warn: (warning: Warning) => void warnings.push(warning), previous };
  await using reading = await source.read(how);
  return { ...(await hold(reading, how)), warnings };
}

export async function restore(source: Source, held: Held, how: Partial<WriteHow> = {}): Promise<WriteReport> {
  const whole = {
    signal: never,
    warn: () => {},
    target: undefined,
    conflict: 'refuse' as const,
    dryRun: false,
    ...how,
  };
  await using restoring = restoreHeld(held);
  return await source.write(restoring, whole);
}

/** The bytes of the only file. */
export function contentOf(held: Held): Uint8Array {
  const [bytes] = held.contents.values();
  return bytes!;
}

export function rowsOf(fingerprint: Fingerprint | undefined, table = 'items'): number | undefined {
  return fingerprint?.tables.find(({ name }) => name === table)?.rows;
}
