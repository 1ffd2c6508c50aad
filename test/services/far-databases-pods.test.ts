import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { type KubernetesServer, startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const PASSWORD = 'stays in the pods';
const NAMES = ['session-db', 'auth', 'job-history'] as const;
const databaseOf = (name: string): string => `${name.replaceAll('-', '_')}_db`;

const needs = skipWithout('openssl', 'pg_ctl', 'vacuumlo', 'sqlite3');

describe('three PostgreSQL databases and one of SQLite in pods', { skip: needs }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-far-pods-'));
  const volume = join(folder, 'volume');
  let kubernetes: KubernetesServer;
  let postgres: PostgresServer;
  let surety: Surety;

  before(async () => {
    for (const name of ['volume/tmp']) mkdirSync(join(folder, name), { recursive: true });
    [kubernetes, postgres] = await Promise.all([startKubernetesServer(), startPostgres({ password: PASSWORD })]);
    const env = {
      ...{ POSTGRES_PASSWORD: PASSWORD, PGHOST: '127.0.0.1', PGPORT: String(postgres.port) },
      ...{ PATH: `${postgres.bin}:${process.env.PATH}`, TMPDIR: join(volume, 'tmp') },
    };
    const kubeconfig = kubernetes.kubeconfig();
    const hosts: Record<string, object> = {};
    const sources: Record<string, object> = {};
    for (const name of NAMES) {
      const set = `platform-${name}-postgresql`;
      kubernetes.cluster.addWorkload({ kind: 'statefulset', name: set, containers: [{ name: 'postgresql', env }] });
      hosts[name] = { kubernetes: { kubeconfig, pod: `statefulset/${set}`, container: 'postgresql' } };
      const own = { host: name, database: databaseOf(name), user: 'postgres', clean: true, vacuumlo: true };
      sources[name] = { type: 'postgres', ...own, password: { host_env: 'POSTGRES_PASSWORD' } };
    }
    kubernetes.cluster.addPod({ name: 'web-0', containers: [{ folder: volume, env }] });
    hosts.web = { kubernetes: { kubeconfig, pod: 'web-0' } };
    sources.app = { type: 'sqlite', host: 'web', path: 'app.db' };
    const configuration = {
      ...{ hosts, sources },
      repositories: {
        vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } },
        plain: { type: 'archive', store: 'file:plain', compression: 'gzip' },
      },
      jobs: { main: { sources: Object.keys(sources), to: 'all' } },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    surety = suretyHere(folder, { VAULT_PASSWORD: 'secret' });
    await initCheaply(await openLocalStore({ path: join(folder, 'vault'), create: true }), 'secret');
    await surety.run('init');
    for (const name of NAMES) await fill(databaseOf(name));
    using app = new DatabaseSync(join(volume, 'app.db'));
    app.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('ä')");
  });

  after(async () => {
    await kubernetes?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** With a large object that a row refers to, and one that nothing does. */
  async function fill(database: string): Promise<void> {
    await postgres.sql(`CREATE DATABASE ${database}`);
    await postgres.sql(
      `CREATE TABLE entries (id int PRIMARY KEY, content oid); SELECT lo_from_bytea(4711, 'kept'), lo_from_bytea(4712, 'orphan');
       INSERT INTO entries SELECT g, CASE WHEN g = 1 THEN 4711 END FROM generate_series(1, 2000) g`,
      database,
    );
  }

  test('are backed up into repositories of both kinds and restored into their pods from either', async () => {
    const { code, stdout, stderr } = await surety.attempt('backup', 'main', '--json');
    assert.equal(code, 0, stdout + stderr);
    assert.ok(!(stdout + stderr + kubernetes.requests.join()).includes(PASSWORD));
    const orphans = 'SELECT count(*) FROM pg_largeobject_metadata';
    assert.equal(await postgres.sql(orphans, 'session_db_db'), '1', 'vacuumlo went before the dump');

    for (const [repository, names] of [
      ['vault', NAMES],
      ['plain', ['session-db']],
    ] as const) {
      for (const name of names) await postgres.sql('DELETE FROM entries WHERE id > 5', databaseOf(name));
      const all = names.length === NAMES.length;
      if (all) rmSync(join(volume, 'app.db'));
      const which = all ? [] : ['--source', names[0]];
      const done = await surety.attempt('restore', 'latest', '--repository', repository, ...which, '--force');
      assert.equal(done.code, 0, done.stdout + done.stderr);
      assert.equal([...done.stdout.matchAll(/as recorded: /g)].length, all ? 4 : 1, done.stdout);
      for (const name of names) {
        const counts = "SELECT count(*), min(convert_from(lo_get(content), 'UTF8')) FROM entries";
        assert.equal(await postgres.sql(counts, databaseOf(name)), '2000|kept');
      }
      using app = new DatabaseSync(join(volume, 'app.db'), { readOnly: true });
      assert.deepEqual({ ...app.prepare('SELECT text FROM notes').get() }, { text: 'ä' });
    }
    assert.deepEqual(readdirSync(join(volume, 'tmp')), []);
    const metadata = readdirSync(join(folder, 'plain'), { recursive: true, encoding: 'utf8', withFileTypes: true });
    for (const file of metadata.filter((one) => one.isFile() && one.name.endsWith('.json'))) {
      assert.ok(!readFileSync(join(file.parentPath, file.name), 'utf8').includes(PASSWORD));
    }
  });

  test('that are gone are told, and the others are backed up all the same', async () => {
    kubernetes.cluster.scale(kubernetes.cluster.workloads.get('statefulsets/platform-auth-postgresql')!, 0);
    const { code, stdout } = await surety.attempt('backup', 'main', '--json');
    assert.equal(code, 1);
    const [run] = (JSON.parse(stdout) as { runs: { members: Member[] }[] }).runs;
    const failed = run!.members.filter(({ outcome }) => outcome !== 'ok');
    assert.deepEqual([...new Set(failed.map(({ source }) => source))], ['auth']);
    assert.equal(failed[0]!.error?.code, 'reach.no-pod');
    assert.match(failed[0]!.error?.message ?? '', /auth/);
  });
});

interface Member {
  readonly source: string;
  readonly outcome: string;
  readonly error?: { readonly code: string; readonly message: string };
}
