import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { type KubernetesServer, startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const needs = skipWithout(...SSH_PROGRAMS, 'pg_ctl', 'mariadbd', 'sqlite3', 'borg', 'rsync', 'openssl');
const PASSWORD = 'of the platform';
const HOSTS = ['local', 'main', 'pod'] as const;
const REPOSITORIES = ['vault', 'plain', 'borg', 'copy'] as const;
const KINDS = ['postgres', 'mysql', 'sqlite', 'dumps', 'command', 'files', 'service'] as const;
/** What is removed of a source that is a file or has one. */
const FILES: Readonly<Record<string, string>> = {
  ...{ files: 'tree/deep', sqlite: 'app.db', dumps: 'dumps/lab.sql', command: 'registry', service: 'service/state' },
};
const DUMP = `-- MySQL dump 10.13\n${'INSERT INTO mice;\n'.repeat(50)}-- Dump completed on 2026-11-20  2:00:00\n`;

/**
 * Each kind in each kind of repository, each kind on each host, and each host in each kind of repository. With SURETY_TEST_WHOLE=1 all of
 * them with each other, which takes three times as long.
 */
function chosenFor(repository: (typeof REPOSITORIES)[number]): string[] {
  const number = REPOSITORIES.indexOf(repository);
  const isWhole = process.env.SURETY_TEST_WHOLE === '1';
  return KINDS.flatMap((kind, index) =>
    (isWhole ? HOSTS : [HOSTS[(number + index) % HOSTS.length]!]).map((host) => `${kind}-${host}`),
  );
}

/** Everything that can be protected, wherever it is, into everything that it can be kept in, and back to where it was. */
describe('every kind of source on this machine, over SSH and in a pod', { skip: needs }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-every-reach-'));
  const at = (host: string, ...names: string[]) => join(folder, 'hosts', host, ...names);
  let ssh: SshServer;
  let kubernetes: KubernetesServer;
  let postgres: PostgresServer;
  let mariadb: MariadbServer;
  let surety: Surety;

  before(async () => {
    [ssh, kubernetes, postgres, mariadb] = await Promise.all([
      startSshServer(),
      startKubernetesServer(),
      startPostgres({ password: PASSWORD }),
      startMariadb(),
    ]);
    for (const host of HOSTS) await fill(host);
    kubernetes.cluster.addPod({ name: 'web-0', containers: [{ folder: at('pod') }] });
    const login = { identity_file: ssh.identityFile, known_hosts: ssh.knownHosts };
    const configuration = {
      hosts: {
        main: { ssh: `${ssh.user}@127.0.0.1:${ssh.port}`, ...login },
        pod: { kubernetes: { kubeconfig: kubernetes.kubeconfig(), pod: 'web-0' } },
      },
      sources: Object.assign({}, ...HOSTS.map(sourcesOf)),
      repositories: {
        vault: { type: 'restic', store: 'file:vault', password: { env: 'PASSWORD' } },
        plain: { type: 'archive', store: 'file:plain', name: '{source}_{time}' },
        borg: { type: 'borg', path: join(folder, 'borg'), password: { env: 'PASSWORD' } },
        copy: { type: 'mirror', store: 'file:copy' },
      },
      jobs: Object.fromEntries(
        REPOSITORIES.map((name) => [name, { sources: chosenFor(name), to: [name], parallel: 4 }]),
      ),
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    const environment = { PASSWORD, BORG_BASE_DIR: join(folder, '.borg'), PATH: `${postgres.bin}:${process.env.PATH}` };
    surety = suretyHere(folder, environment);
    await initCheaply(await openLocalStore({ path: join(folder, 'vault'), create: true }), PASSWORD);
    await surety.run('init');
  });
  after(async () => {
    await Promise.all([ssh, kubernetes, postgres, mariadb].map((server) => server?.[Symbol.asyncDispose]()));
    rmSync(folder, { recursive: true, force: true });
  });

  function sourcesOf(host: string): Record<string, object> {
    const there = host === 'local' ? {} : { host };
    const server = { server: '127.0.0.1', port: postgres.port, user: 'postgres', password: { env: 'PASSWORD' } };
    const mysql = { socket: mariadb.socket, user: 'root' };
    return {
      [`files-${host}`]: { ...there, type: 'files', paths: [at(host, 'tree')] },
      [`postgres-${host}`]: { ...there, type: 'postgres', database: `pg_${host}`, bin: postgres.bin, ...server },
      [`mysql-${host}`]: { ...there, type: 'mysql', database: `my_${host}`, ...mysql },
      [`sqlite-${host}`]: { ...there, type: 'sqlite', path: at(host, 'app.db') },
      [`dumps-${host}`]: { ...there, type: 'dump-files', path: at(host, 'dumps'), max_age: 'any' },
      [`command-${host}`]: {
        ...{ ...there, type: 'command', backup: `cat ${at(host, 'registry')}` },
        restore: `cat > ${at(host, 'registry')}`,
      },
      [`service-${host}`]: {
        ...{ ...there, type: 'service', stop: `touch ${at(host, 'down')}`, start: `rm ${at(host, 'down')}` },
        of: { type: 'files', paths: [at(host, 'service')] },
      },
    };
  }

  async function fill(host: string): Promise<void> {
    for (const name of ['tree/deep', 'dumps', 'service']) mkdirSync(at(host, name), { recursive: true });
    await postgres.sql(`CREATE DATABASE pg_${host}`);
    await postgres.sql('CREATE TABLE rows AS SELECT generate_series(1, 50) AS id', `pg_${host}`);
    await mariadb.sql(
      `CREATE DATABASE my_${host}; USE my_${host}; CREATE TABLE entries AS SELECT seq FROM seq_1_to_50`,
    );
    for (const name of ['tree/a', 'tree/deep/b', 'service/state', 'registry']) writeFileSync(at(host, name), name);
    writeFileSync(at(host, 'dumps', 'lab.sql'), DUMP);
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(at(host, 'dumps', 'lab.sql'), anHourAgo, anHourAgo);
    using app = new DatabaseSync(at(host, 'app.db'));
    app.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('ä')");
  }

  async function destroy(source: string): Promise<void> {
    const [kind = '', host = ''] = source.split('-');
    if (kind === 'postgres') await postgres.sql('DELETE FROM rows', `pg_${host}`);
    else if (kind === 'mysql') await mariadb.sql(`DELETE FROM my_${host}.entries`);
    else rmSync(at(host, FILES[kind]!), { recursive: true });
  }

  async function observe(host: string): Promise<unknown> {
    using app = new DatabaseSync(at(host, 'app.db'), { readOnly: true });
    return {
      postgres: await postgres.sql('SELECT count(*) FROM rows', `pg_${host}`),
      mysql: await mariadb.sql(`SELECT COUNT(*) FROM my_${host}.entries`),
      sqlite: app.prepare('SELECT text FROM notes').get()?.text,
      files: ['tree/a', 'tree/deep/b', 'service/state', 'registry'].map((name) => readFileSync(at(host, name), 'utf8')),
      dump: readFileSync(at(host, 'dumps', 'lab.sql'), 'utf8') === DUMP,
    };
  }

  test('is backed up into every kind of repository, verified there', async () => {
    const { code, stdout, stderr } = await surety.attempt('backup');
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stdout.match(/is complete/g)?.length, REPOSITORIES.length, stdout);
    await surety.run('verify', '--read-data');
  });

  for (const repository of REPOSITORIES) {
    const chosen = chosenFor(repository);
    test(`comes back to where it was from ${repository}`, async () => {
      const whole = await Promise.all(HOSTS.map(observe));
      for (const source of chosen) await destroy(source);
      const sources = chosen.flatMap((source) => ['--source', source]);
      const how = ['--repository', repository, '--force'];
      const { code, stdout, stderr } = await surety.attempt('restore', 'latest', ...sources, ...how);
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(await Promise.all(HOSTS.map(observe)), whole);
    });
  }
});
