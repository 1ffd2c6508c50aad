import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

interface Project extends Disposable {
  readonly folder: string;
  readonly surety: Surety;
  /** The one file below `backups` whose name ends so. */
  stored(ending: string): string;
}

function makeProject(configuration: object, env: Readonly<Record<string, string>> = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), 'surety-by-hand-'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'letter'), 'Dear reader\n');
  writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
  const stored = (ending: string) => {
    const found = readdirSync(join(folder, 'backups'), { recursive: true, encoding: 'utf8' });
    return join(folder, 'backups', found.find((name) => name.endsWith(ending)) ?? `nothing ends with ${ending}`);
  };
  const dispose = () => rmSync(folder, { recursive: true, force: true });
  return { folder, surety: suretyHere(folder, env), stored, [Symbol.dispose]: dispose };
}

function sh(script: string, cwd: string, env: Readonly<Record<string, string>> = {}): string {
  const whole = { cwd, encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], whole);
}

test('age, zstd and tar bring back what is encrypted', { skip: skipWithout('age') }, async () => {
  const keys = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const recipient = /public key: (age1\S+)/.exec(keys)?.[1];
  const plain = { type: 'archive', store: 'file:backups', compression: 'zstd', encryption: { age: [recipient] } };
  using project = makeProject({ sources: { data: { type: 'files', paths: ['data'] } }, repositories: { plain } });
  const { folder, surety } = project;
  await surety.run('init');
  await surety.run('backup');
  writeFileSync(join(folder, 'key.txt'), keys, { mode: 0o600 });
  sh(`mkdir out; age -d -i key.txt ${project.stored('.tar.zst.age')} | zstd -dc | tar -x -C out`, folder);
  assert.equal(readFileSync(join(folder, 'out/data/letter'), 'utf8'), 'Dear reader\n');
  const list = JSON.parse(sh(`age -d -i key.txt ${project.stored('_files.jsonl.gz.age')} | gunzip -c`, folder));
  assert.deepEqual([list.path, list.size_bytes], ['data/letter', 12]);
  const refused = await surety.attempt('restore', 'latest', '--target', 'never');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, /are encrypted/);
  const withKey = { ...plain, identity: { file: 'key.txt' } };
  writeFileSync(join(folder, 'surety.yaml'), JSON.stringify({ repositories: { plain: withKey } }));
  await surety.run('verify', '--read-data');
  await surety.run('restore', 'latest', '--target', 'restored');
  assert.equal(readFileSync(join(folder, 'restored/data/letter'), 'utf8'), 'Dear reader\n');
});

test('psql and pg_restore bring back a dump', { skip: skipWithout('pg_ctl', 'psql', 'pg_dump') }, async () => {
  await using server = await startPostgres();
  const port = server.port;
  const env = { ...server.env, PATH: `${server.bin}:${process.env.PATH}` };
  await server.sql('CREATE DATABASE shop');
  await server.sql("CREATE TABLE users (name text); INSERT INTO users VALUES ('ä'), ('b')", 'shop');
  const shop = { type: 'postgres', database: 'shop', server: '127.0.0.1', port, user: 'postgres', globals: false };
  const repositories = { plain: { type: 'archive', store: 'file:backups' } };
  const sources = { plain: { ...shop, format: 'plain' }, custom: { ...shop, format: 'custom' } };
  using project = makeProject({ sources, repositories }, env);
  await project.surety.run('init');
  await project.surety.run('backup');
  const sql = `createdb one; gunzip -c ${project.stored('.sql.gz')} | psql -q -v ON_ERROR_STOP=1 one >/dev/null`;
  const dump = `createdb two; gunzip -c ${project.stored('.dump.gz')} | pg_restore --exit-on-error -d two`;
  sh(`${sql}; ${dump}`, project.folder, env);
  for (const database of ['one', 'two']) {
    assert.equal(await server.sql('SELECT name FROM users ORDER BY 1', database), 'b\nä');
  }
  await project.surety.run('verify', '--read-data');
});
