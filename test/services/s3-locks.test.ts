import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { noise } from '../fixtures/content.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { freshName, openTestStore, plainClient } from '../fixtures/s3-store.ts';
import { SWIFT_PROGRAMS, startSwift } from '../fixtures/swift-server.ts';

const how = { signal: new AbortController().signal };
const MIB = 2 ** 20;

/** Whole seconds from now, as services keep them. */
function inMinutes(minutes: number): Date {
  return new Date(Math.ceil(Date.now() / 1000) * 1000 + minutes * 60_000);
}

describe('object lock on Ceph', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  let ceph: CephServer;
  before(async () => {
    ceph = await startCeph();
  });
  after(() => ceph[Symbol.asyncDispose]());

  for (const mode of ['governance', 'compliance'] as const) {
    test(`in mode ${mode} keeps what was put, in one part or several, until its time`, async () => {
      const bucket = freshName(mode);
      const options = { bucket, objectLock: mode, partSizeBytes: 5 * MIB };
      await using store = await openTestStore(ceph, options, { create: true });
      const facts = await store.describe?.(how);
      assert.deepEqual([facts?.objectLock, facts?.versioning], ['on', 'on']);
      const time = inMinutes(60);
      const bodies = { small: noise(1, 100), large: noise(2, 6 * MIB) };
      for (const [key, body] of Object.entries(bodies)) {
        await store.put(key, body, { ...how, keepUntil: time });
        assert.deepEqual(await store.locks?.until(key, how), time);
        await store.delete(key, how);
        assert.equal(await store.stat(key, how), undefined);
      }
      const client = plainClient(ceph);
      const { Versions: versions = [] } = await client.listObjectVersions({ Bucket: bucket });
      assert.equal(versions.length, 2);
      for (const { Key, VersionId } of versions) {
        const name = { Bucket: bucket, Key, VersionId };
        await assert.rejects(client.deleteObject(name), { name: 'AccessDenied' });
        const kept = await client.getObject(name);
        const bytes = (await kept.Body?.transformToByteArray()) ?? new Uint8Array();
        assert.equal(Buffer.compare(bytes, bodies[Key as 'small' | 'large']), 0);
      }
    });
  }

  test('is moved later and never earlier', async () => {
    const options = { bucket: freshName('later'), objectLock: 'compliance' } as const;
    await using store = await openTestStore(ceph, options, { create: true });
    await store.put('a', noise(3, 10), how);
    assert.equal(await store.locks?.until('a', how), undefined);
    for (const [asked, then] of [
      [10, 10],
      [30, 30],
      [20, 30],
    ] as const) {
      const [time, expected] = [inMinutes(asked), inMinutes(then)];
      await store.locks?.extend('a', time, how);
      const locked = (await store.locks?.until('a', how))?.getTime() ?? 0;
      assert.ok(Math.abs(locked - expected.getTime()) < 30_000);
    }
    await assert.rejects(store.locks?.extend('none', inMinutes(1), how) ?? Promise.resolve(), {
      code: 'store.not-found',
    });
    assert.equal(await store.locks?.until('none', how), undefined);
  });

  test('is told with the default retention of the bucket and its lifecycle', async () => {
    const bucket = freshName('facts');
    await using store = await openTestStore(ceph, { bucket, objectLock: 'governance' }, { create: true });
    const client = plainClient(ceph);
    const DefaultRetention = { Mode: 'GOVERNANCE', Days: 3 } as const;
    const lock = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } as const;
    await client.putObjectLockConfiguration({ Bucket: bucket, ObjectLockConfiguration: lock });
    const facts = await store.describe?.(how);
    assert.equal(facts?.defaultRetention, '3 days, governance');
    await using plain = await openTestStore(ceph, { bucket: freshName('plain') }, { create: true });
    const none = await plain.describe?.(how);
    assert.deepEqual([none?.objectLock, none?.versioning, plain.locks], ['off', 'off', undefined]);
  });

  test('is not promised on a bucket that has none', async () => {
    const bucket = freshName('none');
    await (await openTestStore(ceph, { bucket }, { create: true }))[Symbol.asyncDispose]();
    await using store = await openTestStore(ceph, { bucket, objectLock: 'compliance' });
    const refused = { code: 'store.failed', message: /has no object lock/, hint: /leave object_lock out/ };
    await assert.rejects(store.put('a', noise(4, 10), { ...how, keepUntil: inMinutes(5) }), refused);
    assert.equal(await store.stat('a', how), undefined);
  });

  test('of facts that may not be asked for is undefined, and no failure', async () => {
    const bucket = freshName('closed');
    await using owner = await openTestStore(ceph, { bucket }, { create: true });
    await owner.put('a', noise(5, 10), how);
    const guest = await ceph.makeUser('guest');
    const resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const allowed = { Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/guest'] }, Resource: resource };
    const Action = ['s3:ListBucket', 's3:GetObject', 's3:PutObject'];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...allowed, Action }] });
    await plainClient(ceph).putBucketPolicy({ Bucket: bucket, Policy });
    await using store = await openTestStore(guest, { bucket });
    const facts = await store.describe?.(how);
    assert.deepEqual(
      [facts?.versioning, facts?.objectLock, facts?.defaultRetention],
      [undefined, undefined, undefined],
    );
    // Such a key writes and reads, and can delete nothing.
    await store.put('b', noise(6, 10), how);
    await assert.rejects(store.delete('a', how), { code: 'store.denied' });
  });
});

describe('a service that makes buckets with object lock and does not keep locks', {
  skip: skipWithout(...SWIFT_PROGRAMS),
}, () => {
  test('is found out, and its other lies do no harm', async () => {
    await using swift = await startSwift();
    const options = { bucket: freshName('liar'), objectLock: 'compliance' } as const;
    await using store = await openTestStore(swift, options, { create: true });
    assert.equal((await store.describe?.(how))?.objectLock, 'off');
    const body = noise(7, 1000);
    const refused = { code: 'store.failed', message: /has no object lock/ };
    await assert.rejects(store.put('a', body, { ...how, keepUntil: inMinutes(5) }), refused);
    await store.put('a', body, how);
    // It would put the request in the place of the object.
    await assert.rejects(store.locks?.extend('a', inMinutes(5), how) ?? Promise.resolve(), refused);
    assert.equal(Buffer.compare(await store.read('a', undefined, how), body), 0);
    const named = '0'.repeat(64);
    await store.put(named, noise(8, 100_000), how);
    assert.equal(Buffer.compare(await store.read(named, undefined, how), noise(8, 100_000)), 0);
    // It knows no conditional writes either.
    const racers = Array.from({ length: 8 }, (_, at) => store.put('one', noise(at, 50), { ...how, ifAbsent: true }));
    const won = (await Promise.allSettled(racers)).filter(({ status }) => status === 'fulfilled');
    assert.equal(won.length, 1);
    assert.equal(store.traits.conditionalPut, false);
  });
});
