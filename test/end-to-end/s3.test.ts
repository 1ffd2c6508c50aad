import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { noise } from '../fixtures/content.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { plainClient } from '../fixtures/s3-store.ts';
import { suretyIn } from '../fixtures/surety.ts';

interface Listed {
  readonly repositories: readonly { readonly snapshots: readonly unknown[] }[];
}

describe('repositories in S3', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  let ceph: CephServer;
  let project: Project;
  let surety: Project['surety'];
  const content = noise(1, 300_000);

  before(async () => {
    ceph = await startCeph();
    const place = { bucket: 'backups', endpoint: ceph.tlsEndpoint, ca_file: ceph.caFile };
    const keys = { access_key_id: ceph.accessKeyId, secret_access_key: { env: 'S3_SECRET' } };
    const password = { env: 'VAULT_PASSWORD' };
    project = makeProject({
      keep: { last: 1 },
      repositories: {
        's3-restic': { type: 'restic', store: { s3: { ...place, ...keys, prefix: 'restic' } }, password },
        's3-archive': { type: 'archive', store: { s3: { ...place, ...keys, prefix: 'archive' } } },
      },
    });
    surety = suretyIn(project.folder, { env: { ...project.environment, S3_SECRET: ceph.secretAccessKey } });
    mkdirSync(project.data);
    writeFileSync(join(project.data, 'big'), content);
    writeFileSync(join(project.data, 'small'), 'first');
  });
  after(async () => {
    await project[Symbol.asyncDispose]();
    await ceph[Symbol.asyncDispose]();
  });

  test('are made, written to, verified, cleaned up and restored from like any other', async () => {
    await surety.run('init');
    await surety.run('backup');
    appendFileSync(join(project.data, 'small'), ' and second');
    await surety.run('backup');
    await surety.run('verify', '--read-data');
    await surety.run('cleanup');
    const listed = await surety.json<Listed>('list');
    assert.deepEqual(
      listed.repositories.map(({ snapshots }) => snapshots.length),
      [1, 1, 1],
    );
    for (const repository of ['s3-restic', 's3-archive']) {
      const target = project.newTarget();
      await surety.run('restore', 'latest', '--repository', repository, '--target', target);
      assert.ok(content.equals(readFileSync(join(target, project.data, 'big'))), repository);
      assert.equal(readFileSync(join(target, project.data, 'small'), 'utf8'), 'first and second', repository);
    }
    const { Contents = [] } = await plainClient(ceph).listObjectsV2({ Bucket: 'backups' });
    assert.ok(Contents.some(({ Key }) => Key === 'restic/config'));
    assert.ok(Contents.every(({ Key }) => /^(restic|archive)\//.test(Key ?? '')));
  });

  test('say what to do when nobody is let in, and show no secret', async () => {
    const env = { ...project.environment, S3_SECRET: 'a-wrong-secret' };
    const stranger = suretyIn(project.folder, { env });
    const { code, stdout, stderr } = await stranger.attempt('list', '--repository', 's3-restic');
    assert.equal(code, 1);
    assert.match(stdout + stderr, /s3:\/\/backups\/restic at localhost/);
    assert.match(stdout + stderr, /the secret access key is wrong[\s\S]*check secret_access_key/);
    assert.doesNotMatch(stdout + stderr, /a-wrong-secret|TESTSECRET/);
  });
});
