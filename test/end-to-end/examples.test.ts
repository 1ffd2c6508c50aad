import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { type KubernetesServer, startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const PASSWORD = 'of the pods';
const needs = skipWithout(...CEPH_PROGRAMS, ...SSH_PROGRAMS, 'rsync', 'borg', 'pg_ctl', 'vacuumlo', 'openssl');

/** Each example as it stands in the checkout, with nothing changed but where things are. */
describe('the examples work as they are shown', { skip: needs }, () => {
  const top = mkdtempSync(join(tmpdir(), 'surety-examples-'));
  let ceph: CephServer;
  let ssh: SshServer;
  let kubernetes: KubernetesServer;
  let postgres: PostgresServer;
  let podVariables: Readonly<Record<string, string>>;
  before(async () => {
    [ceph, ssh, kubernetes, postgres] = await Promise.all([
      startCeph(),
      startSshServer(),
      startKubernetesServer(),
      startPostgres({ password: PASSWORD }),
    ]);
    podVariables = {
      ...{ POSTGRES_PASSWORD: PASSWORD, PGHOST: '127.0.0.1', PGPORT: String(postgres.port) },
      PATH: `${postgres.bin}:${process.env.PATH}`,
    };
  });
  after(async () => {
    await Promise.all([ceph, ssh, kubernetes, postgres].map((server) => server?.[Symbol.asyncDispose]()));
    rmSync(top, { recursive: true, force: true });
  });

  /** The example in a folder of its own; each replacement is of something that stands in it. */
  function take(name: string, replaced: Readonly<Record<string, string>>): { folder: string; surety: Surety } {
    const folder = join(top, name);
    mkdirSync(folder);
    let text = readFileSync(join(import.meta.dirname, '..', '..', 'examples', name, 'surety.yaml'), 'utf8');
    for (const [from, to] of Object.entries(replaced)) {
      assert.ok(text.includes(from), `${name} has ${from}`);
      text = text.replaceAll(from, to);
    }
    writeFileSync(join(folder, 'surety.yaml'), text, { mode: 0o600 });
    writeFileSync(join(folder, 'known_hosts'), readFileSync(ssh.knownHosts));
    for (const file of ['password', 'borg-passphrase']) writeFileSync(join(folder, file), 'secret', { mode: 0o600 });
    const environment = {
      ...{ S3_SECRET: ceph.secretAccessKey, DB_PASSWORD: PASSWORD, BORG_BASE_DIR: join(folder, '.borg') },
      PATH: `${postgres.bin}:${process.env.PATH}`,
    };
    return { folder, surety: suretyHere(folder, environment) };
  }

  const main = () => `${ssh.user}@127.0.0.1:${ssh.port}`;
  const bucket = (name: string) =>
    `{ s3: { bucket: ${name}, endpoint: '${ceph.tlsEndpoint}', ca_file: ${ceph.caFile}, access_key_id: ${ceph.accessKeyId}, secret_access_key: { env: S3_SECRET }`;

  function fillTree(folder: string, files: number): void {
    mkdirSync(folder, { recursive: true });
    for (let at = 0; at < files; at++) writeFileSync(join(folder, `file-${at}`), `content ${at}`);
  }

  test('a laboratory: the backup host pulls, mirrors and archives with Borg', async () => {
    const far = join(top, 'main-server');
    const { folder, surety } = take('laboratory', {
      'backup@main.example.org': main(),
      '~/.ssh/id_surety': ssh.identityFile,
      '/datajoint-db': join(far, 'datajoint-db'),
      '/datajoint-data': join(far, 'datajoint-data'),
      'file:/backup/main': 'file:main',
      '/backup/borg': join(top, 'laboratory', 'borg'),
      'logger -t surety': `echo > ${join(far, 'told')}`,
    });
    fillTree(join(far, 'datajoint-db', 'blobs', '_hash', 'ab'), 20);
    fillTree(join(far, 'datajoint-data', 'session-1'), 20);
    mkdirSync(join(far, 'datajoint-data', 'session-2'));
    writeFileSync(join(far, 'datajoint-data', 'session-2', 'half.saving'), 'half');
    mkdirSync(join(far, 'datajoint-db', 'dumps'));
    const dump = '-- MySQL dump 10.13\nCREATE TABLE t (id int);\n-- Dump completed on 2026-11-20  1:00:01\n';
    const dumpFile = join(far, 'datajoint-db', 'dumps', 'lab.sql');
    writeFileSync(dumpFile, dump);
    const { utimesSync } = await import('node:fs');
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(dumpFile, anHourAgo, anHourAgo);
    writeFileSync(join(folder, 'notify'), '#!/bin/sh\necho "$1" >> told\n');
    chmodSync(join(folder, 'notify'), 0o755);

    await surety.run('init');
    const { code, stdout, stderr } = await surety.attempt('backup', 'nightly');
    assert.equal(code, 0, stdout + stderr);
    assert.equal(readFileSync(join(folder, 'told'), 'utf8'), 'backup of the main server: ok\n');
    assert.ok(existsSync(join(far, 'told')), 'the hook ran on the main server');
    const data = join(far, 'datajoint-data');
    const copy = join(folder, 'main', 'data', 'latest', data);
    assert.deepEqual(compareTrees(join(data, 'session-1'), join(copy, 'session-1')), []);
    assert.deepEqual(readdirSync(join(copy, 'session-2')), []);
    const target = join(folder, 'restored');
    await surety.run(
      'restore',
      'latest',
      '--source',
      'blobs',
      '--repository',
      'archive',
      '--target',
      target,
      '--force',
    );
    const blobs = join(far, 'datajoint-db', 'blobs');
    assert.deepEqual(compareTrees(blobs, join(target, blobs)), []);
    await surety.run('verify', '--read-data');
    await surety.run('cleanup');
  });

  test('a platform in Kubernetes: from pods to a volume and a bucket', async () => {
    const volume = join(top, 'media-volume');
    const manager = join(top, 'manager');
    fillTree(join(volume, 'code', 'media'), 20);
    fillTree(manager, 3);
    const containers = [{ name: 'postgresql', env: podVariables }];
    kubernetes.cluster.addWorkload({ kind: 'statefulset', name: 'database', containers });
    kubernetes.cluster.addWorkload({ kind: 'deployment', name: 'stack', containers: [{ folder: volume }] });
    const kubeconfig = kubernetes.kubeconfig();
    await postgres.sql(`CREATE ROLE frag LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
    await postgres.sql(`CREATE ROLE admin LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
    await postgres.sql('CREATE DATABASE frag OWNER frag');
    await postgres.sql('CREATE TABLE target AS SELECT generate_series(1, 500) AS id', 'frag');
    const { folder, surety } = take('kubernetes-platform', {
      'context: infra, namespace: infra': `kubeconfig: ${kubeconfig}`,
      'context: production, namespace: stack': `kubeconfig: ${kubeconfig}`,
      'root@manager.example.org': main(),
      'known_hosts: ./known_hosts': `known_hosts: ./known_hosts, identity_file: ${ssh.identityFile}`,
      'docker stop manager': `touch ${join(top, 'stopped')}`,
      'docker start manager': `mv ${join(top, 'stopped')} ${join(top, 'started')}`,
      '/var/lib/manager': manager,
      '[/code/media]': '[code/media]',
      'file:/backup': 'file:volume',
      'file:/media-copy': 'file:media-copy',
      "{ s3: { bucket: production-stack-backup, endpoint: 'https://s3.example.org'": bucket('dumps'),
      "{ s3: { bucket: stack-production-media, endpoint: 'https://s3.example.org'": bucket('media'),
    });
    await surety.run('init');
    const { code, stdout, stderr } = await surety.attempt('backup');
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(
      readdirSync(join(folder, 'volume', 'frag'))
        .map((name) => name.replace(/\d{4}-[\dT:-]+Z/, 'TIME'))
        .filter((name) => name.endsWith('.gz')),
      ['backup-TIME-frag.sql.gz'],
    );
    assert.ok(existsSync(join(top, 'started')), 'the manager was stopped and started');
    const media = join(volume, 'code', 'media');
    assert.deepEqual(compareTrees(media, join(folder, 'media-copy', 'media', 'latest', 'code', 'media')), []);
    await postgres.sql('DELETE FROM target', 'frag');
    await surety.run('restore', 'latest', '--source', 'frag', '--repository', 'bucket', '--force');
    assert.equal(await postgres.sql('SELECT count(*) FROM target', 'frag'), '500');
    await surety.run('cleanup');
    await surety.run('verify', '--read-data');
  });

  test('sessions in pods: three databases and a storage, back into the pods', async () => {
    const work = join(top, 'storage-pod');
    fillTree(join(work, 'storage', 'ab'), 20);
    const databases = { 'session-db': 'session_db_db', auth: 'auth_db', 'job-history': 'job_history_db' };
    for (const [name, database] of Object.entries(databases)) {
      const containers = [{ name: 'postgresql', env: podVariables }];
      kubernetes.cluster.addWorkload({ kind: 'statefulset', name: `chipster-${name}-postgresql`, containers });
      await postgres.sql(`CREATE DATABASE ${database}`);
      await postgres.sql('CREATE TABLE rows AS SELECT generate_series(1, 100) AS id', database);
    }
    kubernetes.cluster.addPod({ name: 'file-storage-0', containers: [{ folder: work }] });
    const { folder, surety } = take('sessions-in-pods', {
      '{ kubernetes: { ': `{ kubernetes: { kubeconfig: ${kubernetes.kubeconfig()}, `,
      "{ s3: { bucket: backups, endpoint: 'https://s3.example.org'": bucket('sessions'),
    });
    writeFileSync(join(folder, 'values.yaml'), 'deploy: all\n', { mode: 0o600 });
    await surety.run('init');
    const { code, stdout, stderr } = await surety.attempt('backup', 'nightly');
    assert.equal(code, 0, stdout + stderr);
    for (const database of Object.values(databases)) await postgres.sql('DELETE FROM rows', database);
    rmSync(join(work, 'storage', 'ab'), { recursive: true });
    rmSync(join(folder, 'values.yaml'));
    const restored = await surety.attempt('restore', 'latest', '--repository', 'bucket', '--force');
    assert.equal(restored.code, 0, restored.stdout + restored.stderr);
    for (const database of Object.values(databases)) {
      assert.equal(await postgres.sql('SELECT count(*) FROM rows', database), '100');
    }
    assert.equal(readdirSync(join(work, 'storage', 'ab')).length, 20);
    assert.equal(readFileSync(join(folder, 'values.yaml'), 'utf8'), 'deploy: all\n');
  });

  test('a data platform on one machine: here and in a bucket', async () => {
    await postgres.sql(`CREATE ROLE avalanche LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
    await postgres.sql('CREATE DATABASE avalanche_edna OWNER avalanche');
    await postgres.sql('CREATE TABLE users AS SELECT generate_series(1, 42) AS id', 'avalanche_edna');
    const { folder, surety } = take('data-platform', {
      'server: localhost': `server: 127.0.0.1, port: ${postgres.port}`.replace(', ', '\n    '),
      '{ s3: { bucket: avalanche-backups, prefix: production, region: us-east-1': `${bucket('avalanche')}, prefix: production`,
    });
    const names = ['datasets', 'raw', 'processed', 'reference', 'report_storage', 'consolidated_data'];
    for (const name of names) fillTree(join(folder, 'data', name), 3);
    fillTree(join(folder, 'config'), 2);
    await surety.run('init');
    for (const job of ['database', 'files', 'full']) {
      const { code, stdout, stderr } = await surety.attempt('backup', job);
      assert.equal(code, 0, stdout + stderr);
    }
    await surety.run('verify', '--days', '7');
    await surety.run('restore', 'latest', '--source', 'database', '--as', 'avalanche_test', '--force');
    assert.equal(await postgres.sql('SELECT count(*) FROM users', 'avalanche_test'), '42');
    rmSync(join(folder, 'data', 'datasets'), { recursive: true });
    await surety.run('restore', 'latest', '--source', 'files', '--repository', 'cloud', '--force');
    assert.equal(readdirSync(join(folder, 'data', 'datasets')).length, 3);
    await surety.run('cleanup');
  });
});
