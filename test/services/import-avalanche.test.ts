import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const SAMPLE = join(import.meta.dirname, '..', '..', 'src', 'import', 'testdata', 'avalanche-basic');
const OLD = 'database_20241122_020000';

describe('an Avalanche installation with PostgreSQL is taken over', { skip: skipWithout('pg_ctl') }, () => {
  let server: PostgresServer;
  let folder = '';
  let surety: Surety;

  before(async () => {
    server = await startPostgres({ password: 'pg secret' });
    folder = mkdtempSync(join(tmpdir(), 'surety-import-pg-'));
    await server.sql('CREATE DATABASE avalanche_edna');
    await server.sql("CREATE TABLE users (id int, name text); INSERT INTO users VALUES (1, 'old')", 'avalanche_edna');
    await oldDump();
    await server.sql("INSERT INTO users VALUES (2, 'new')", 'avalanche_edna');
    mkdirSync(join(folder, 'config'));
    mkdirSync(join(folder, 'data', 'datasets'), { recursive: true });
    writeFileSync(join(folder, 'data', 'datasets', 'reads.fasta'), '>seq\n');
    cpSync(join(SAMPLE, 'backup.yaml'), join(folder, 'config', 'backup.yaml'));
    const variables = readFileSync(join(SAMPLE, 'app.env'), 'utf8')
      .replace('DB_HOST=localhost', 'DB_HOST=127.0.0.1')
      .replace('DB_PORT=5432', `DB_PORT=${server.port}`)
      .replace('DB_USER=avalanche', 'DB_USER=postgres')
      .replace('DB_PASSWORD=your_secure_password', 'DB_PASSWORD="pg secret"');
    writeFileSync(join(folder, '.env'), variables);
    surety = suretyHere(folder, { DB_PASSWORD: 'pg secret', PATH: `${server.bin}:${process.env.PATH}` });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A backup as the scripts made it. */
  async function oldDump(): Promise<void> {
    const dump = await expectSuccess([join(server.bin, 'pg_dump'), '-Fp', 'avalanche_edna'], { env: server.env });
    const bytes = gzipSync(dump);
    const place = join(folder, 'data', 'backups', 'database');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${OLD}.sql.gz`), bytes);
    const metadata = {
      ...{ backup_id: OLD, timestamp: '2024-11-22T02:00:00', backup_type: 'database', size_bytes: bytes.length },
      ...{ checksum: createHash('sha256').update(bytes).digest('hex'), files_included: [`${OLD}.sql.gz`] },
      ...{ compressed: true, encrypted: false, status: 'success', error_message: null },
    };
    writeFileSync(join(place, `${OLD}_metadata.json`), JSON.stringify(metadata));
  }

  const databases = () => server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'avalanche%'");
  const rows = (database: string) => server.sql('SELECT count(*) FROM users', database);

  test('the old dump is verified and restored beside the database, a new one is made and restored in its place', async () => {
    const said = await surety.run('import', 'config/backup.yaml', '--env', '.env');
    assert.match(said, /^Before these, for the secrets: set -a; \. \.\/\.env; set \+a$/m);
    await surety.run('init');
    await surety.run('verify', OLD, '--read-data');
    await surety.run('restore', OLD, '--into', 'database', '--as', 'avalanche_test', '--force');
    assert.equal((await rows('avalanche_test')).trim(), '1');
    const done = await surety.attempt('backup', 'full');
    assert.equal(done.code, 0, done.stdout + done.stderr);
    await server.sql('DELETE FROM users', 'avalanche_edna');
    await surety.run('restore', 'latest', '--source', 'database', '--force');
    assert.equal((await rows('avalanche_edna')).trim(), '2');
  });

  test('on a new machine, from the backups and the old configuration alone, everything comes back', async () => {
    await surety.run('backup', 'database');
    const there = mkdtempSync(join(tmpdir(), 'surety-new-machine-'));
    try {
      for (const kept of ['config', '.env', 'data/backups'])
        cpSync(join(folder, kept), join(there, kept), { recursive: true });
      for (const name of (await databases()).split('\n')) await server.sql(`DROP DATABASE "${name}" WITH (FORCE)`);
      const fresh = suretyHere(there, { DB_PASSWORD: 'pg secret', PATH: `${server.bin}:${process.env.PATH}` });
      mkdirSync(join(there, 'data', 'datasets'));
      await fresh.run('import', 'config/backup.yaml', '--env', '.env');
      const done = await fresh.attempt('restore', 'latest', '--force');
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stderr, /warning: .* files is not in it: surety restore latest --source files/);
      assert.equal((await rows('avalanche_edna')).trim(), '2');
      await fresh.run('restore', 'latest', '--source', 'files', '--force');
      assert.equal(readFileSync(join(there, 'data', 'datasets', 'reads.fasta'), 'utf8'), '>seq\n');
      await fresh.run('backup', 'full');
    } finally {
      rmSync(there, { recursive: true });
    }
  });

  test('the password is in no file that was written', async () => {
    const grep = await expectSuccess(['sh', '-c', `grep -rl 'pg secret' . --exclude=.env || true`], { cwd: folder });
    assert.equal(grep, '');
  });
});
