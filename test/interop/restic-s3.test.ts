import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { PASSWORD } from '../fixtures/project.ts';
import { type ResticSnapshot, resticFor } from '../fixtures/restic.ts';
import { RESTIC_LIMITS } from '../fixtures/restic-limits.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

describe('restic and Surety on one repository in S3', { skip: skipWithout('restic', ...CEPH_PROGRAMS) }, () => {
  let ceph: CephServer;
  const folder = mkdtempSync(join(tmpdir(), 'surety-restic-s3-'));
  const data = join(folder, 'data');
  before(async () => {
    ceph = await startCeph();
    mkdirSync(join(data, 'sub'), { recursive: true });
    writeFileSync(join(data, 'large'), noise(1, 6_000_000));
    for (let at = 0; at < 40; at++) writeFileSync(join(data, 'sub', `file ${at}`), noise(at, 3000));
  });
  after(async () => {
    await ceph[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const keys = () => ({ AWS_ACCESS_KEY_ID: ceph.accessKeyId, AWS_SECRET_ACCESS_KEY: ceph.secretAccessKey });
  const surety = (prefix: string) => {
    const home = join(folder, prefix);
    mkdirSync(home);
    const store = { s3: { bucket: 'shared', prefix, endpoint: ceph.endpoint } };
    const configuration = {
      sources: { files: { type: 'files', paths: [data] } },
      repositories: { vault: { type: 'restic', store, password: { env: 'VAULT_PASSWORD' } } },
      jobs: { main: { sources: ['files'], to: ['vault'], keep: { last: 10 } } },
    };
    writeFileSync(join(home, 'surety.yaml'), JSON.stringify(configuration));
    return suretyHere(home, { VAULT_PASSWORD: PASSWORD, ...keys() });
  };
  const restic = (prefix: string) => resticFor(`s3:${ceph.endpoint}/shared/${prefix}`, PASSWORD, keys());

  test('restic checks and restores what Surety wrote, and backs up on top of it', async () => {
    const [ours, theirs] = [surety('ours'), restic('ours')];
    await ours.run('init');
    await ours.run('backup');
    assert.match(await theirs.run('check', '--read-data'), /no errors were found/);
    const target = join(folder, 'restored by restic');
    await theirs.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(data, join(target, data), RESTIC_LIMITS), []);
    appendFileSync(join(data, 'sub', 'file 1'), 'more');
    await theirs.run('backup', data);
    await ours.run('catalog', 'rebuild');
    await ours.run('verify', '--read-data');
    assert.equal((await theirs.json<ResticSnapshot[]>('snapshots')).length, 2);
  });

  test('Surety verifies, restores and cleans up what restic wrote', async () => {
    const [ours, theirs] = [surety('theirs'), restic('theirs')];
    await theirs.run('init');
    await theirs.run('backup', data);
    await ours.run('catalog', 'rebuild');
    await ours.run('verify', '--read-data');
    const target = join(folder, 'restored by surety');
    await ours.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(data, join(target, data), RESTIC_LIMITS), []);
    await ours.run('backup');
    await theirs.run('forget', '--keep-last', '1', '--prune');
    await ours.run('cleanup');
    assert.match(await theirs.run('check', '--read-data'), /no errors were found/);
  });
});
