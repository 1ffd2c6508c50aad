import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openRestic } from '../../src/engines/restic/open.ts';
import { openFiles } from '../../src/sources/files/open.ts';
import { filesOptions } from '../../src/sources/files/options.ts';
import type { Store } from '../../src/stores/store.ts';
import { type LockMemory, lockNew } from '../../src/stores/wrap/lock-new.ts';
import { respectLocks } from '../../src/stores/wrap/respect-locks.ts';
import { CEPH_PROGRAMS, type CephServer, type S3Access, startCeph } from '../fixtures/ceph-server.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { noise } from '../fixtures/content.ts';
import { makeScratch } from '../fixtures/files-source.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { freshName, openTestStore, plainClient } from '../fixtures/s3-store.ts';
import { type Surety, suretyIn } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const how = { signal: new AbortController().signal };
const HOUR_MS = 3_600_000;
const NEVER = ['locks', '.reserved', 'logs'];

interface Cleaned {
  readonly repositories: readonly {
    readonly outcome: string;
    readonly removed: readonly string[];
    readonly decision?: { readonly keep: readonly { readonly reasons: readonly string[] }[] };
    readonly prune?: { readonly locked?: { readonly files: number }; readonly packsRemoved: number };
    readonly afterwards?: { readonly versions: boolean; readonly versionsForDays?: number };
    readonly error?: { readonly code: string };
  }[];
}

describe('backups that whoever takes over the machine can not destroy', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  let ceph: CephServer;
  let scratch: ReturnType<typeof makeScratch>;
  before(async () => {
    ceph = await startCeph();
    scratch = makeScratch();
  });
  after(async () => {
    scratch[Symbol.dispose]();
    await ceph[Symbol.asyncDispose]();
  });

  function storeOf(access: S3Access, bucket: string, more: object = {}) {
    const keys = { access_key_id: access.accessKeyId, secret_access_key: { env: `SECRET_${access.accessKeyId}` } };
    return { s3: { bucket, endpoint: access.endpoint, region: access.region, ...keys, ...more } };
  }

  /** A configuration of its own with these repositories, and a tree to back up. */
  function place(
    name: string,
    repositories: object,
    access: readonly S3Access[] = [ceph],
  ): { surety: Surety; program: Surety; file: string } {
    const folder = join(scratch.path, name);
    mkdirSync(join(folder, 'data'), { recursive: true });
    const file = join(folder, 'data', 'file');
    writeFileSync(join(folder, 'data', 'same'), noise(1, 200_000));
    writeFileSync(file, 'one');
    const jobs = { main: { sources: ['data'], to: 'all', keep: { last: 1 } } };
    const sources = { data: { type: 'files', paths: ['data'] } };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify({ sources, repositories, jobs }));
    const secrets = Object.fromEntries(access.map((one) => [`SECRET_${one.accessKeyId}`, one.secretAccessKey]));
    const env = { PASSWORD: 'correct horse', ...secrets };
    return { surety: suretyHere(folder, env), program: suretyIn(folder, { env }), file };
  }

  test('with lock_for nobody can remove what a snapshot needs, and cleanup says until when', async () => {
    const bucket = freshName('locked');
    const store = (prefix: string) => storeOf(ceph, bucket, { prefix, object_lock: 'compliance' });
    const { surety, file } = place('locked', {
      vault: { type: 'restic', store: store('vault'), password: { env: 'PASSWORD' }, lock_for: '1h' },
      plain: { type: 'archive', store: store('plain'), lock_for: '1h' },
    });
    const begunMs = Date.now();
    await surety.run('init');
    await surety.run('backup');
    writeFileSync(file, 'two');
    await surety.run('backup');
    // What is only tried out is not locked.
    await surety.run('check');
    const client = plainClient(ceph);
    const { Versions: versions = [] } = await client.listObjectVersions({ Bucket: bucket });
    const isFree = (key: string) => /\/(locks|\.reserved|logs)\//.test(key);
    const needed = versions.filter(({ Key, IsLatest }) => IsLatest && !isFree(Key!));
    assert.ok(['vault/config', 'plain/archive.json'].every((key) => needed.some(({ Key }) => Key === key)));
    assert.ok(needed.some(({ Key }) => Key?.startsWith('vault/data/')));
    for (const { Key, VersionId } of needed) {
      const { Retention } = await client.getObjectRetention({ Bucket: bucket, Key });
      assert.equal(Retention?.Mode, 'COMPLIANCE', Key);
      assert.ok(Retention.RetainUntilDate!.getTime() > begunMs + HOUR_MS, Key);
      await assert.rejects(client.deleteObject({ Bucket: bucket, Key, VersionId }), { name: 'AccessDenied' });
    }
    const cleaned = await surety.json<Cleaned>('cleanup');
    for (const { outcome, removed, decision } of cleaned.repositories) {
      assert.deepEqual([outcome, removed, decision?.keep.length], ['ok', [], 2]);
      assert.match(decision!.keep[1]!.reasons[0]!, /^kept by object lock until \d{4}-/);
    }
    await surety.run('verify', '--read-data');
  });

  test('what is reused is locked again before its lock ends, by no more requests than that takes', async () => {
    const bucket = freshName('reused');
    const data = join(scratch.path, 'reused');
    mkdirSync(data);
    writeFileSync(join(data, 'same'), noise(2, 200_000));
    const calls = { extend: [] as string[] };
    const memory = new Map<string, number>();
    let lockForMs = 4000;
    const backup = async () => {
      const plain = counted(await openTestStore(ceph, { bucket, objectLock: 'compliance' }, { create: true }), calls);
      const now = () => new Date();
      const store = lockNew(respectLocks(plain, { now, never: NEVER }), {
        lockForMs,
        now,
        never: NEVER,
        memory: kept(memory),
      });
      if ((await store.stat('config', how)) === undefined) await initCheaply(store, 'secret');
      const who = {
        host: 'here',
        user: 'tester',
        program: 'surety test',
        password: 'secret',
        compressionLevel: 3,
        workers: 1,
      };
      await using engine = await openRestic(store, who);
      const source = openFiles({
        name: 'reused',
        host: 'here',
        options: filesOptions({ paths: [data] }),
        baseDir: '/',
      });
      await using reading = await source.read({ ...how, warn: () => {} });
      const warnings: string[] = [];
      await engine.backup(reading, {
        ...{ ...how, warn: ({ message }) => warnings.push(message), kind: 'files', source: 'reused', tags: [] },
        ...{ recoveryPoint: 'point', excludes: [], startedAt: new Date() },
      });
      assert.deepEqual(warnings, []);
      const pack = (await Array.fromAsync(store.list('data/', how))).toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0]!;
      return { pack: pack.key, until: (await store.locks!.until(pack.key, how))!.getTime() };
    };
    const first = await backup();
    calls.extend.length = 0;
    writeFileSync(join(data, 'more'), 'more');
    // The locks end too soon from now on, as they do when time has passed.
    lockForMs = 60_000;
    const atMs = Date.now();
    const second = await backup();
    assert.equal(second.pack, first.pack);
    assert.ok(second.until >= atMs + lockForMs && second.until > first.until);
    assert.ok(calls.extend.includes(first.pack) && calls.extend.includes('config'));
    calls.extend.length = 0;
    writeFileSync(join(data, 'more'), 'and more');
    await backup();
    assert.deepEqual(calls.extend, []);
  });

  test('what a lock kept goes when its time has come, and what it frees stays as older versions', async () => {
    const bucket = freshName('expired');
    const options = { bucket, objectLock: 'governance' } as const;
    const now = () => new Date();
    const locks = { lockForMs: 3000, now, never: NEVER, memory: kept(new Map()) };
    const store = lockNew(
      respectLocks(await openTestStore(ceph, options, { create: true }), { now, never: NEVER }),
      locks,
    );
    await using _ = store;
    await store.put('data/a', noise(3, 100), how);
    await assert.rejects(store.delete('data/a', how), { code: 'store.locked', message: /kept by object lock until/ });
    assert.notEqual(await store.stat('data/a', how), undefined);
    const until = (await store.locks!.until('data/a', how))!;
    await setTimeout(until.getTime() - Date.now() + 200);
    await store.delete('data/a', how);
    assert.equal(await store.stat('data/a', how), undefined);
  });

  test('in a bucket with versions cleanup says that what it removed still takes room, and for how long', async () => {
    const bucket = freshName('versions');
    const client = plainClient(ceph);
    await client.createBucket({ Bucket: bucket });
    await client.putBucketVersioning({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } });
    const Rules = [
      {
        ID: 'old',
        Status: 'Enabled',
        Filter: { Prefix: '' },
        NoncurrentVersionExpiration: { NoncurrentDays: 14 },
      } as const,
    ];
    await client.putBucketLifecycleConfiguration({ Bucket: bucket, LifecycleConfiguration: { Rules: [...Rules] } });
    const { surety, file } = place('versions', { plain: { type: 'archive', store: storeOf(ceph, bucket) } });
    await surety.run('init');
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(file, text);
      await surety.run('backup');
    }
    const text = await surety.run('cleanup');
    assert.match(text, /2 snapshots removed/);
    assert.match(text, /what was removed stays as older versions and takes room for 14 days/);
    assert.doesNotMatch(text, / freed/);
  });

  test('with a key that can not delete backups go on, and cleanup takes another one', async () => {
    const bucket = freshName('denied');
    // A key of the same account, which a policy tells apart: what either stores is the other's too.
    const guest = { ...ceph, accessKeyId: 'KEYDAILY', secretAccessKey: 'secretofdaily' };
    const own = [`--access-key=${guest.accessKeyId}`, `--secret-key=${guest.secretAccessKey}`];
    await ceph.admin(
      'subuser',
      'create',
      '--uid=test',
      '--subuser=daily',
      '--access=readwrite',
      '--key-type=s3',
      ...own,
    );
    const vault = { type: 'restic', password: { env: 'PASSWORD' } };
    const owner = place('owner', { vault: { ...vault, store: storeOf(ceph, bucket) } });
    await owner.surety.run('init');
    const Action = ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutBucketPolicy'];
    const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const Statement = [{ Effect: 'Deny', Principal: { AWS: ['arn:aws:iam:::user/test:daily'] }, Resource, Action }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await plainClient(ceph).putBucketPolicy({ Bucket: bucket, Policy });
    await using barred = await openTestStore(guest, { bucket });
    for (const key of ['config', 'locks/none']) await assert.rejects(barred.delete(key, how), { code: 'store.denied' });
    const store = storeOf(guest, bucket);
    const daily = place('daily', { vault: { ...vault, store, append_only: true } }, [guest]);
    for (const text of ['one', 'two']) {
      writeFileSync(daily.file, text);
      // It can not remove its locks: who made them has to be gone.
      await daily.program.run('backup');
    }
    const refused = await daily.surety.attempt('cleanup', '--json');
    assert.equal(refused.code, 1);
    assert.equal((JSON.parse(refused.stdout) as Cleaned).repositories[0]?.error?.code, 'repository.append-only');
    const keys = { access_key_id: ceph.accessKeyId, secret_access_key: { env: `SECRET_${ceph.accessKeyId}` } };
    const both = { vault: { ...vault, store, append_only: true, cleanup_with: keys } };
    const without = place('daily', both, [guest]);
    const missing = await without.surety.attempt('cleanup');
    assert.equal(missing.code, 1);
    assert.match(missing.stdout + missing.stderr, /secret access key of s3[\s\S]*SECRET_TESTACCESSKEY/);
    const cleaner = place('daily', both, [guest, ceph]);
    const cleaned = await cleaner.surety.json<Cleaned>('cleanup');
    assert.equal(cleaned.repositories[0]?.removed.length, 1);
    writeFileSync(cleaner.file, 'four');
    await cleaner.surety.run('backup');
    await cleaner.surety.run('verify', '--read-data');
    assert.equal(readFileSync(cleaner.file, 'utf8'), 'four');
  });
});

function kept(map: Map<string, number>): LockMemory {
  return { get: (key) => map.get(key), set: (key, untilMs) => void map.set(key, untilMs), save: () => {} };
}

function counted(store: Store, calls: { readonly extend: string[] }): Store {
  const locks = store.locks!;
  return {
    ...store,
    locks: {
      ...locks,
      extend: async (key, until, options) => {
        calls.extend.push(key);
        await locks.extend(key, until, options);
      },
    },
  };
}
