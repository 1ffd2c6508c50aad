import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { checkStore, type StoreCheckReport } from '../../src/operations/check-store/check-store.ts';
import { storeContract } from '../../src/stores/contract.ts';
import type { Store } from '../../src/stores/store.ts';
import { below } from '../../src/stores/wrap/below.ts';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { openTestStore, plainClient } from '../fixtures/s3-store.ts';
import { openSftp, sftpOptions } from '../fixtures/sftp-store.ts';
import { SSH_PROGRAMS, startSshServer } from '../fixtures/ssh-server.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

describe('surety store check', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-store-check-'));
  let ceph: CephServer;
  before(async () => {
    ceph = await startCeph();
    await using plain = await openTestStore(ceph, { bucket: 'plain' }, { create: true });
    await using locked = await openTestStore(ceph, { bucket: 'locked', objectLock: 'governance' }, { create: true });
    assert.ok(plain.traits.remote && locked.traits.remote);
    mkdirSync(join(folder, 'folder'));
    const s3 = (bucket: string, more = '') =>
      `{ type: restic, password: x, store: { s3: { bucket: ${bucket}, prefix: deep, endpoint: '${ceph.endpoint}', region: us-east-1, ` +
      `access_key_id: { env: KEY }, secret_access_key: { env: SECRET }${more} } } }`;
    writeFileSync(
      join(folder, 'surety.yaml'),
      `repositories:\n  plain: ${s3('plain')}\n  careless: ${s3('locked', ', object_lock: governance, conditional_put: true')}\n` +
        `  locked: ${s3('locked', ', object_lock: governance, conditional_put: false')}\n` +
        '  folder: { type: archive, store: file:folder }\n  gone: { type: archive, store: file:gone }\n',
    );
  });
  after(async () => {
    await ceph[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function check(name: string): Promise<{ exitCode: number | null; report: StoreCheckReport }> {
    const surety = suretyHere(folder, { KEY: ceph.accessKeyId, SECRET: ceph.secretAccessKey });
    const { code: exitCode, stdout, stderr } = await surety.attempt('store', 'check', name, '--json');
    assert.ok(stdout.startsWith('{'), stderr);
    return { exitCode, report: JSON.parse(stdout) };
  }

  function found({ findings }: StoreCheckReport, what: string): string {
    const finding = findings.find((one) => one.what === what);
    return `${finding?.status}: ${finding?.detail}`;
  }

  it('tells what a bucket does, and leaves nothing in it', async () => {
    const { exitCode, report } = await check('plain');
    assert.deepEqual(
      report.findings.filter(({ status }) => status === 'failed'),
      [],
    );
    assert.equal(exitCode, 0);
    assert.match(found(report, 'conditional writes'), /^ok: honoured/);
    assert.match(found(report, 'checksums'), /^ok: .* is refused/);
    assert.match(found(report, 'versioning'), /^ok: off/);
    assert.match(found(report, 'clock'), /^ok/);
    const client = plainClient(ceph);
    assert.equal((await client.listObjectsV2({ Bucket: 'plain' })).Contents, undefined);
    client.destroy();
  });

  it('finds out that conditional writes are ignored in a bucket with versions, and what to write then', async () => {
    const { exitCode, report } = await check('careless');
    assert.equal(exitCode, 1);
    assert.match(found(report, 'conditional writes'), /^failed: ignored: of 16/);
    const hints = report.findings.map(({ hint }) => hint ?? '');
    assert.ok(hints.some((hint) => hint.includes('conditional_put: false')));
  });

  it('tells that object lock is enforced, and removes what was locked and all versions', async () => {
    const { exitCode, report } = await check('locked');
    assert.deepEqual(
      report.findings.filter(({ status }) => status === 'failed'),
      [],
    );
    assert.equal(exitCode, 3);
    assert.match(found(report, 'conditional writes'), /^warning: not used/);
    assert.match(found(report, 'object lock'), /^ok: enforced/);
    assert.match(found(report, 'versioning'), /^ok: on/);
    const client = plainClient(ceph);
    const left = await client.listObjectVersions({ Bucket: 'locked' });
    assert.deepEqual([...(left.Versions ?? []), ...(left.DeleteMarkers ?? [])], []);
    client.destroy();
  });

  it('works on a folder, and says when it is not there', async () => {
    assert.equal((await check('folder')).exitCode, 0);
    const { code: exitCode, stdout } = await suretyHere(folder).attempt('store', 'check', 'gone');
    assert.equal(exitCode, 1);
    assert.match(stdout, /^failed {2}access .*gone/m);
    assert.doesNotMatch(stdout, /tidiness/);
  });
});

describe('a check of a store over SFTP', { skip: skipWithout(...SSH_PROGRAMS) }, () => {
  it('leaves neither files nor folders', async () => {
    await using server = await startSshServer();
    const root = sftpOptions(server).path;
    const target = {
      ...{ name: 'far', location: 'sftp', part: below },
      open: () => openSftp(server, { path: root }),
      promises: async (make: () => Promise<Store>) => storeContract(make).slice(0, 3),
    };
    const signal = AbortSignal.timeout(60_000);
    const report = await checkStore(target, { signal, clock: systemClock, heavy: false });
    assert.equal(report.outcome, 'ok', JSON.stringify(report.findings));
    assert.deepEqual(
      readdirSync(root).filter((name) => name.startsWith('surety-check')),
      [],
    );
  });
});
