import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCommandLine } from '../../src/cli/main.ts';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { memoryTerminal } from '../fixtures/memory-terminal.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import { until } from '../fixtures/until.ts';

describe('restore of a PostgreSQL database from the command line', { skip: skipWithout('pg_ctl') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-restore-pg-'));
  const path = (...names: string[]) => join(folder, ...names);
  let server: PostgresServer;

  before(async () => {
    server = await startPostgres();
    process.env.VAULT_PASSWORD = 'secret';
    process.env.XDG_STATE_HOME = path('state');
    const where = { server: '127.0.0.1', port: server.port, user: 'postgres' };
    const configuration = {
      sources: {
        media: { type: 'files', paths: ['media'] },
        shop: { type: 'postgres', database: 'shop', format: 'custom', ...where },
        stage: { type: 'postgres', database: 'shop_stage', ...where },
        app: { type: 'sqlite', path: 'app.db' },
      },
      repositories: {
        vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } },
        plain: { type: 'archive', store: 'file:plain' },
      },
      jobs: { main: { sources: ['media', 'shop', 'app'], to: ['vault'] } },
    };
    writeFileSync(path('surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    await initCheaply(await openLocalStore({ path: path('vault'), create: true }), 'secret');
    mkdirSync(path('media'));
    await server.sql('CREATE ROLE clerk LOGIN');
    await writeAll('as backed up');
    const { exitCode, all } = await run([], 'backup');
    assert.equal(exitCode, 0, all);
  });
  beforeEach(() => writeAll('as it is now'));
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** All sources with this content; databases that a restore left are gone. */
  async function writeAll(content: string): Promise<void> {
    for (const name of (await databases()).split('\n').filter((one) => one !== '')) {
      await server.sql(`DROP DATABASE "${name}" WITH (FORCE)`);
    }
    await server.sql('CREATE DATABASE shop');
    const tables = `CREATE TABLE notes (text text); INSERT INTO notes VALUES ('${content}');
      CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users SELECT generate_series(1, 1000);
      ALTER TABLE users OWNER TO clerk;`;
    await server.sql(tables, 'shop');
    writeFileSync(path('media', 'a'), content);
    rmSync(path('app.db'), { force: true });
    const database = new DatabaseSync(path('app.db'));
    database.exec('CREATE TABLE notes (text)');
    database.close();
  }

  const databases = () =>
    server.sql("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1");
  const note = (database = 'shop') => server.sql('SELECT text FROM notes', database);

  async function run(answers: readonly string[] | undefined, ...argv: string[]) {
    const terminal = memoryTerminal(answers === undefined ? {} : { answers });
    const more = ['--config', path('surety.yaml'), '--no-progress'];
    const exitCode = await runCommandLine([...argv, ...more], terminal, new AbortController().signal);
    return { exitCode, out: terminal.outText, err: terminal.errText, all: terminal.outText + terminal.errText };
  }

  test('by default a new database is compared and takes the name of the old one, which is kept; who was connected is not any more', async () => {
    const refused = await run(undefined, 'restore', 'latest', '--source', 'shop');
    assert.equal(refused.exitCode, 2, refused.all);
    assert.equal(await databases(), 'shop');
    const connected = server.sql('SELECT pg_sleep(60)', 'shop').then(
      () => 'went on',
      () => 'ended',
    );
    const connections = () => server.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop'");
    await until(async () => (await connections()) !== '0', 'somebody is connected');
    const done = await run(['yes'], 'restore', 'latest', '--source', 'shop');
    assert.equal(done.exitCode, 0, done.all);
    assert.match(done.err, /target +the server of source shop\n/);
    assert.match(done.err, /content +[\d.]+ [KM]?i?B\n/);
    assert.match(
      done.err,
      /effect +what is there is REPLACED: a new database takes its name .* kept under a dated name\n/,
    );
    assert.match(done.err, /connections to database shop that are ended: 1\n/);
    assert.match(done.err, /overwrite database shop\n/);
    assert.equal(await connected, 'ended');
    assert.match(await databases(), /^shop\nshop_before_\d{8}_\d{6}$/);
    assert.equal(await note(), 'as backed up');
    assert.match(done.out, /ok: .*\n.*kept as shop_before_/);
    assert.equal(await server.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'users'", 'shop'), 'clerk');
  });

  test('every command that the page about restores shows for a server works', async () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'restore.md'), 'utf8');
    const [, section = ''] = page.split('## A database in a server');
    const commands = [...(section.split('\n## ')[0] ?? '').matchAll(/^surety (restore .*)$/gm)].map(
      ([, command = '']) => command,
    );
    assert.equal(commands.length, 8);
    for (const command of commands) {
      const argv = command.replace('--target dumps', `--target ${path('dumps')}`).split(' ');
      const done = await run(undefined, ...argv);
      assert.equal(done.exitCode, 0, `${command}\n${done.all}`);
    }
    const names = (await databases()).split('\n');
    assert.deepEqual(
      names.filter((name) => !name.startsWith('shop_before')),
      ['shop', 'shop_of_clerk', 'shop_users', 'shop_yesterday'],
    );
    assert.equal(names.filter((name) => name.startsWith('shop_before')).length, 1, 'what --drop-old replaced is gone');
    assert.equal(await server.sql('SELECT count(*) FROM users', 'shop_users'), '1000');
    assert.equal(await server.sql("SELECT to_regclass('notes') IS NULL", 'shop_users'), 't');
    assert.equal(
      await server.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'notes'", 'shop_of_clerk'),
      'clerk',
    );
    const [dump = ''] = readdirSync(path('dumps'), { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.includes('.dump'),
    );
    assert.equal(readFileSync(path('dumps', dump)).subarray(0, 5).toString(), 'PGDMP');
  });

  test('a rehearsal beside it touches nothing else, and is a proof and a measurement', async () => {
    const provenAt = async () => {
      const { out } = await run([], 'status', '--source', 'shop', '--json');
      const [{ provenAt, restoreTime }] = JSON.parse(out).sources;
      return { provenAt: Date.parse(provenAt ?? 0), from: restoreTime?.from };
    };
    const startedAt = Date.now();
    const part = await run([], 'restore', 'latest', '--source', 'shop', '--as', 'shop_part', '--table', 'users');
    assert.equal(part.exitCode, 0, part.all);
    const dump = await run([], 'restore', 'latest', '--source', 'shop', '--target', path('dump of shop'));
    assert.equal(dump.exitCode, 0, dump.all);
    assert.ok((await provenAt()).provenAt < startedAt, 'a part, or a dump that no server took, proves nothing');
    const done = await run([], 'restore', 'latest', '--source', 'shop', '--as', 'shop_test');
    assert.equal(done.exitCode, 0, done.all);
    assert.equal(await server.sql('SELECT count(*) FROM users', 'shop_test'), '1000');
    assert.deepEqual([await note('shop_test'), await note()], ['as backed up', 'as it is now']);
    await server.sql('DROP DATABASE shop_test');
    const proven = await provenAt();
    assert.ok(proven.provenAt >= startedAt && proven.provenAt <= Date.now());
    assert.equal(proven.from, 'restores');
  });

  test('--as never takes a name that is taken', async () => {
    const again = await run([], 'restore', 'latest', '--source', 'shop', '--as', 'shop', '--force');
    assert.equal(again.exitCode, 1);
    assert.match(again.all, /there is a database shop already/);
    assert.equal(await note(), 'as it is now');
  });

  test('--in-place goes into the database that is there, after a safety dump that is named', async () => {
    const done = await run([], 'restore', 'latest', '--source', 'shop', '--in-place', '--force');
    assert.equal(done.exitCode, 0, done.all);
    assert.equal(await databases(), 'shop');
    assert.equal(await note(), 'as backed up');
    const dump = /(\/\S+)/.exec(done.out.split('\n').find((line) => /note: .*shop/.test(line)) ?? '')?.[1] ?? '';
    assert.ok(readFileSync(dump.replace(/[;,]$/, '')).length > 0, done.out);
    rmSync(dump.replace(/[;,]$/, ''));
  });

  test('a dump that another program left in an archive goes into a database of the configuration', async () => {
    const dump = gzipSync(await expectSuccess(['pg_dump', '--no-owner', 'shop'], { env: server.env }));
    mkdirSync(path('plain', 'database'), { recursive: true });
    const id = 'database_20241122_020000';
    const metadata = {
      ...{ backup_id: id, timestamp: '2024-11-22T02:00:00', backup_type: 'database', size_bytes: dump.length },
      ...{ checksum: createHash('sha256').update(dump).digest('hex'), files_included: [`${id}.sql.gz`] },
      ...{ compressed: true, encrypted: false, status: 'success', error_message: null },
    };
    writeFileSync(path('plain', 'database', `${id}.sql.gz`), dump);
    writeFileSync(path('plain', 'database', `${id}_metadata.json`), JSON.stringify(metadata));
    await server.sql("UPDATE notes SET text = 'changed since'", 'shop');
    const placeless = await run([], 'restore', id, '--force');
    assert.match(placeless.err, /its original place is not known\nhint: .*--into SOURCE/);
    const beside = await run([], 'restore', id, '--into', 'shop', '--as', 'avalanche_test');
    assert.equal(beside.exitCode, 0, beside.all);
    assert.deepEqual([await note('avalanche_test'), await note()], ['as it is now', 'changed since']);
    const done = await run([], 'restore', id, '--into', 'shop', '--force');
    assert.equal(done.exitCode, 0, done.all);
    assert.equal(await note(), 'as it is now');
    assert.match(await databases(), /^avalanche_test\nshop\nshop_before_\d{8}_\d{6}$/);
  });

  test('what another source stored takes the place of the database of the one that is named, not of its own', async () => {
    await server.sql('CREATE DATABASE shop_stage');
    const done = await run([], 'restore', 'latest', '--source', 'shop', '--into', 'stage', '--force');
    assert.equal(done.exitCode, 0, done.all);
    assert.deepEqual([await note('shop_stage'), await note()], ['as backed up', 'as it is now']);
    const emptied = await run([], 'restore', 'latest', '--source', 'shop', '--into', 'stage', '--in-place', '--force');
    assert.equal(emptied.exitCode, 0, emptied.all);
    assert.match(await databases(), /^shop\nshop_stage\nshop_stage_before_\d{8}_\d{6}$/);
  });

  test('without psql the package to install is named', async () => {
    const configuration = readFileSync(path('surety.yaml'), 'utf8');
    writeFileSync(path('surety.yaml'), configuration.replace('"format"', `"bin":"${path('media')}","format"`));
    try {
      const done = await run([], 'restore', 'latest', '--source', 'shop', '--force');
      assert.equal(done.exitCode, 1);
      assert.match(done.err, /psql is not installed where the source lives\nhint: install /);
    } finally {
      writeFileSync(path('surety.yaml'), configuration);
    }
  });

  test('a server that does not answer is named with the remedy before anything is touched; a dump needs none', async () => {
    await server.stop();
    try {
      const dump = await run([], 'restore', 'latest', '--source', 'shop', '--target', path('without-server'));
      assert.equal(dump.exitCode, 0, dump.all);
      const done = await run([], 'restore', 'latest', '--force');
      assert.equal(done.exitCode, 1);
      assert.match(done.err, /refuses connections .*\nhint: check that PostgreSQL is running there/);
      assert.equal(readFileSync(path('media', 'a'), 'utf8'), 'as it is now');
    } finally {
      await server.start();
    }
  });

  test('a whole point: the database is swapped, files replaced; --resume after a failed member does not swap it again', async () => {
    const used = new DatabaseSync(path('app.db'));
    used.exec('BEGIN IMMEDIATE');
    try {
      const first = await run([], 'restore', 'latest', '--force');
      assert.equal(first.exitCode, 1, first.all);
      assert.match(first.out, /Not complete: app is left\. Next: .* surety restore --resume/);
    } finally {
      used.close();
    }
    assert.equal(readFileSync(path('media', 'a'), 'utf8'), 'as backed up');
    const names = await databases();
    assert.match(names, /^shop\nshop_before_\d{8}_\d{6}$/);
    const resumed = await run([], 'restore', '--resume', '--force');
    assert.equal(resumed.exitCode, 0, resumed.all);
    assert.doesNotMatch(resumed.out, /shop/);
    assert.equal(await databases(), names);
  });
});
