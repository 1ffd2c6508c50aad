import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { collectBytes } from '../../src/base/streams.ts';
import { connect } from '../../src/stores/s3/bucket-store.ts';
import { removeAbandoned } from '../../src/stores/s3/unfinished.ts';
import type { Store } from '../../src/stores/store.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { CEPH_PROGRAMS, type CephServer, type S3Access, startCeph } from '../fixtures/ceph-server.ts';
import { startChangingLine } from '../fixtures/changing-line.ts';
import { noise } from '../fixtures/content.ts';
import { startFaultProxy } from '../fixtures/fault-proxy.ts';
import { startHttpFaults } from '../fixtures/http-faults.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { freshName, openTestStore, plainClient, s3OptionsOf, s3SecretsOf } from '../fixtures/s3-store.ts';

const how = { signal: new AbortController().signal };
const MIB = 2 ** 20;
const policy = { attempts: 4, firstDelayMs: 1, longestDelayMs: 10 };

describe('the S3 store', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  let ceph: CephServer;
  let bucket = '';
  before(async () => {
    ceph = await startCeph();
    bucket = freshName('bucket');
    await (await openTestStore(ceph, { bucket }, { create: true }))[Symbol.asyncDispose]();
  });
  after(() => ceph[Symbol.asyncDispose]());

  const through = (port: number): S3Access => ({ ...ceph, endpoint: `http://127.0.0.1:${port}` });
  const listed = async (store: Store) => (await Array.fromAsync(store.list('', how))).map(({ key }) => key).sort();
  const uploads = async (prefix: string) =>
    (await plainClient(ceph).listMultipartUploads({ Bucket: bucket, Prefix: prefix })).Uploads ?? [];

  test('makes the bucket, private, and takes one that is there', async () => {
    const name = freshName('made');
    for (let time = 0; time < 2; time++) {
      await using store = await openTestStore(ceph, { bucket: name }, { create: true });
      await store.put('a', noise(1, 10), how);
    }
    const { Grants } = await plainClient(ceph).getBucketAcl({ Bucket: name });
    assert.deepEqual(
      Grants?.map(({ Grantee }) => Grantee?.ID),
      ['test'],
    );
    const outside = await fetch(`${ceph.endpoint}/${name}/a`);
    assert.equal(outside.status, 403);
  });

  test('sends a pack in one request, without asking for leave and without an access list', async () => {
    const headers: string[][] = [];
    await using faults = await startHttpFaults(ceph.port, ({ rawHeaders }) => {
      headers.push(rawHeaders.map((header) => header.toLowerCase()));
      return undefined;
    });
    await using store = await openTestStore(through(faults.port), { bucket, prefix: freshName('pack') });
    const pack = noise(2, 17 * MIB);
    await store.put('data/ab/pack', pack, how);
    assert.equal(faults.requests.length, 1);
    for (const name of ['expect', 'x-amz-acl', 'x-amz-decoded-content-length']) {
      assert.ok(!headers[0]?.includes(name), name);
    }
    assert.equal(Buffer.compare(await store.read('data/ab/pack', undefined, how), pack), 0);
    assert.equal(faults.requests.length, 2);
  });

  test('sends what is larger in parts that become one object, of a size that is known or not', async () => {
    await using faults = await startHttpFaults(ceph.port);
    const prefix = freshName('parts');
    await using store = await openTestStore(through(faults.port), { bucket, prefix, partSizeBytes: 5 * MIB });
    const body = noise(3, 12 * MIB + 17);
    const open = async function* () {
      for (let at = 0; at < body.length; at += 700_000) yield body.subarray(at, at + 700_000);
    };
    await store.put('bytes', body, how);
    await store.put('known', { sizeBytes: body.length, open }, how);
    await store.put('unknown', { open, once: true }, { ...how, ifAbsent: true });
    for (const key of ['bytes', 'known', 'unknown']) {
      assert.equal(Buffer.compare(await collectBytes(store.stream(key, undefined, how)), body), 0, key);
    }
    assert.equal(faults.requests.filter((request) => /^PUT .*partNumber=/.test(request)).length, 9);
    await assert.rejects(store.put('known', { open, once: true }, { ...how, ifAbsent: true }), {
      code: 'store.exists',
    });
    assert.deepEqual(await uploads(prefix), []);
  });

  test('sends a part again from memory, and knows its own object when the answer to the last request is lost', async () => {
    const lost = new Set<string>();
    await using faults = await startHttpFaults(ceph.port, ({ method, url = '' }) => {
      const request = `${method} ${url.replace(/uploadId=[^&]*/, '')}`;
      if (!/uploads|partNumber|uploadId/.test(url) || lost.has(request)) return undefined;
      lost.add(request);
      return { status: 503, after: method === 'POST' };
    });
    const options = { bucket, prefix: freshName('again'), partSizeBytes: 5 * MIB };
    await using store = await openTestStore(through(faults.port), options, { policy });
    const body = noise(4, 11 * MIB);
    const open = async function* () {
      yield body;
    };
    await store.put('a', { open, once: true }, how);
    assert.equal(Buffer.compare(await store.read('a', undefined, how), body), 0);
    assert.ok(lost.size >= 5);
  });

  test('leaves neither an object nor parts of an upload that was cut, given up or whose source failed', async () => {
    const prefix = freshName('cut');
    await using line = await startFaultProxy(ceph.port);
    const options = { bucket, prefix, partSizeBytes: 5 * MIB };
    await using store = await openTestStore(through(line.port), options, { policy });
    const body = noise(5, 16 * MIB);
    line.state.cutAfterBytes = 3 * MIB;
    await assert.rejects(store.put('small', body.subarray(0, 5 * MIB), how), { code: 'store.unavailable' });
    const cut = store.put('large', { open: () => once(body), once: true }, how);
    await assert.rejects(cut, { code: 'store.unavailable', retry: 'later' });
    line.state.cutAfterBytes = undefined;
    const stop = new AbortController();
    const reason = new Error('stop');
    const open = async function* () {
      yield body;
      stop.abort(reason);
      yield body;
    };
    await assert.rejects(store.put('stopped', { open }, { signal: stop.signal }), (error) => error === reason);
    const broken = async function* () {
      yield body;
      throw reason;
    };
    await assert.rejects(store.put('broken', { open: broken }, how), (error) => error === reason);
    assert.deepEqual(await listed(store), []);
    assert.deepEqual(await uploads(prefix), []);
  });

  test('tells of uploads that killed processes left, lists none of them, and removes old ones', async () => {
    const prefix = freshName('left');
    const client = plainClient(ceph);
    for (const key of ['data/one', 'data/two']) {
      const upload = await client.createMultipartUpload({ Bucket: bucket, Key: `${prefix}/${key}` });
      const part = { Bucket: bucket, Key: `${prefix}/${key}`, UploadId: upload.UploadId, PartNumber: 1 };
      await client.uploadPart({ ...part, Body: noise(6, 1000) });
    }
    await client.createMultipartUpload({ Bucket: bucket, Key: `${prefix}-of-others/data/one` });
    await using store = await openTestStore(ceph, { bucket, prefix });
    assert.deepEqual(await listed(store), []);
    assert.match((await store.describe?.(how))?.details['unfinished uploads'] ?? '', /^2, the oldest of 20/);
    const opened = connect(s3OptionsOf(ceph, { bucket, prefix }), { secrets: s3SecretsOf(ceph) });
    assert.equal(await removeAbandoned(opened, how), 0);
    assert.equal(await removeAbandoned(opened, how, -60_000), 2);
    assert.equal((await uploads(prefix)).length, 1);
    opened.client.destroy();
  });

  test('has bytes refused that were changed on the way', async () => {
    let changes = 1;
    await using line = await startChangingLine(
      ceph.port,
      Buffer.from('before'),
      Buffer.from('behind'),
      () => changes-- > 0,
    );
    await using store = await openTestStore(through(line.port), { bucket, prefix: freshName('changed') });
    await assert.rejects(store.put('a', Buffer.from('as it was before'), how), {
      code: 'store.unavailable',
      message: /did not arrive as they were sent/,
    });
    assert.equal(await store.stat('a', how), undefined);
    await store.put('a', Buffer.from('as it was before'), how);
  });

  test('lets the service compare bodies with the hash that they are named by, and stores what is named otherwise', async () => {
    await using faults = await startHttpFaults(ceph.port);
    await using store = await openTestStore(through(faults.port), { bucket, prefix: freshName('named') });
    const body = noise(10, 200_000);
    const hash = createHash('sha256').update(body).digest('hex');
    await store.put(`data/${hash}`, body, how);
    const puts = () => faults.requests.filter((line) => line.startsWith('PUT ')).length;
    assert.equal(puts(), 1);
    const other = '0'.repeat(64);
    await store.put(other, body, { ...how, ifAbsent: true });
    assert.equal(puts(), 3);
    for (const key of [`data/${hash}`, other])
      assert.deepEqual(Buffer.compare(await store.read(key, undefined, how), body), 0);
    let changes = 1;
    const text = body.subarray(1000, 1032) as Buffer;
    await using line = await startChangingLine(ceph.port, text, Buffer.alloc(32), () => changes-- > 0);
    await using changed = await openTestStore(through(line.port), { bucket, prefix: freshName('named') });
    await changed.put(`data/${hash}`, body, how);
    assert.equal(Buffer.compare(await changed.read(`data/${hash}`, undefined, how), body), 0);
  });

  test('goes on with a stream that broke, and never takes a part for the whole', async () => {
    await using line = await startFaultProxy(ceph.port);
    await using store = await openTestStore(through(line.port), { bucket, prefix: freshName('broken') });
    const body = noise(7, 3 * MIB);
    await store.put('a', body, how);
    line.state.cutAfterAnswerBytes = MIB;
    await assert.rejects(store.read('a', undefined, how), { code: 'store.unavailable', retry: 'later' });
    await assert.rejects(collectBytes(store.stream('a', undefined, how)), { code: 'store.unavailable' });
    const lasting = withRetry(store, { policy: { ...policy, attempts: 8 } });
    assert.equal(Buffer.compare(await collectBytes(lasting.stream('a', undefined, how)), body), 0);
  });

  test('gives up a connection on which nothing moves, and one that nobody answers', async () => {
    await using line = await startFaultProxy(ceph.port, { mode: 'blackhole' });
    const options = { bucket, prefix: 'hole', idleTimeoutMs: 300, connectTimeoutMs: 300 };
    await using store = await openTestStore(through(line.port), options);
    const beforeMs = performance.now();
    const silent = { code: 'store.unavailable', retry: 'later', message: /nothing moved for too long/ };
    await Promise.all([
      assert.rejects(store.put('a', noise(8, 2 * MIB), how), silent),
      assert.rejects(store.read('a', undefined, how), silent),
      assert.rejects(listed(store), silent),
      assert.rejects(store.stat('a', how), silent),
    ]);
    assert.ok(performance.now() - beforeMs < 5000);
    const stop = new AbortController();
    const reading = store.read('a', undefined, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await assert.rejects(reading, { message: 'enough' });
  });

  test('waits for storage that stalls, until it is too long', async () => {
    await using store = await openTestStore(ceph, { bucket, prefix: 'stalled', idleTimeoutMs: 700 });
    await store.put('a', noise(9, 10), how);
    ceph.stall();
    try {
      await assert.rejects(store.put('b', noise(9, 10), how), { code: 'store.unavailable', retry: 'later' });
    } finally {
      ceph.resume();
    }
    await withRetry(store).put('c', noise(9, 10), how);
  });

  test('lets the quota of a bucket be full, and says so', async () => {
    const name = freshName('full');
    await using store = await openTestStore(ceph, { bucket: name }, { create: true });
    await ceph.limitBucket(name, 1);
    const full = await untilRejected(() => store.put(freshName('key'), noise(1, 10), how));
    assert.equal((full as { code?: string }).code, 'store.full');
    assert.match(String(full), /the quota of the bucket is used up/);
  });
});

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

/** Quotas are looked at a little behind. */
async function untilRejected(call: () => Promise<void>): Promise<unknown> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await call();
    } catch (error) {
      return error;
    }
  }
  return undefined;
}
