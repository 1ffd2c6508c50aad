import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { SuretyError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { collectBytes } from '../../src/base/streams.ts';
import { openGcsStore } from '../../src/stores/gcs/open.ts';
import type { GcsStoreOptions } from '../../src/stores/gcs/options.ts';
import type { Store } from '../../src/stores/store.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { startFaultProxy } from '../fixtures/fault-proxy.ts';
import { Refusal } from '../fixtures/gcs-bucket.ts';
import { type GcsServer, startGcsServer } from '../fixtures/gcs-server.ts';
import { startHttpFaults } from '../fixtures/http-faults.ts';

const MIB = 2 ** 20;
const policy = { attempts: 6, firstDelayMs: 1, longestDelayMs: 10 };
const never = { signal: new AbortController().signal };
const big = Buffer.alloc(3 * MIB + 17, 'what is stored in parts ');

describe('a Google Cloud store when things go wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-gcs-'));
  const proof = join(folder, 'proof');
  let server: GcsServer;
  let direct: Store;
  before(async () => {
    server = await startGcsServer();
    writeFileSync(proof, server.tokens.proof);
    direct = await open({}, server.port, true);
  });
  after(async () => {
    await direct[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  function open(options: Partial<GcsStoreOptions> = {}, port = server.port, create = false): Promise<Store> {
    const endpoint = `http://127.0.0.1:${port}`;
    return openGcsStore(
      { ...{ bucket: 'faults', prefix: 'in/here', projectId: 'project', partSizeBytes: MIB, endpoint }, ...options },
      { create, policy, credentials: new Secret(JSON.stringify(server.tokens.workload(server.endpoint, proof))) },
    );
  }

  async function refusing(error: Refusal, act: () => Promise<void>): Promise<void> {
    server.refuse = ({ url }) => {
      if (url !== '/v1/token') throw error;
    };
    try {
      await act();
    } finally {
      server.refuse = () => undefined;
    }
  }

  it('asks for a token once, and for a new one only when it has ended', async () => {
    const given = server.tokens.counts.given;
    const store = await open();
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.stat(key, never)));
    assert.equal(server.tokens.counts.given, given + 1);
  });

  it('takes no answer of something in between for an empty list, or for a stored object', async () => {
    let body = '';
    await using faults = await startHttpFaults(server.port, () => ({ status: 200, body }));
    await using store = await open({}, faults.port);
    for (body of ['', '{}', '{"error":{"code":503}}', '<html>please log in</html>']) {
      await assert.rejects(Array.fromAsync(store.list('', never)), { code: 'store.failed' }, `a list: ${body}`);
      await assert.rejects(store.put('lost', Buffer.from('lost'), never), { code: 'store.failed' }, `a put: ${body}`);
    }
  });

  it('makes a bucket that can not be public, and finds it there the next time', async () => {
    const { facts } = server.buckets.get('faults') ?? assert.fail('there is no bucket');
    const expected = { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' };
    assert.deepEqual(facts.iamConfiguration, expected);
    await (await open({}, server.port, true))[Symbol.asyncDispose]();
    const found = await direct.describe?.(never);
    assert.deepEqual(
      { ...found, details: found?.details['public access'] },
      {
        ...{
          versioning: 'off',
          softDeleteDays: 7,
          objectLock: 'off',
          defaultRetention: undefined,
          details: 'enforced',
        },
      },
    );
  });

  it('tells refused credentials, missing rights, a used up quota and throttling apart', async () => {
    const small = big.subarray(0, 9);
    const cases: readonly (readonly [Refusal, string, RegExp])[] = [
      [new Refusal(401, 'authError', 'Invalid Credentials'), 'store.credentials', /GOOGLE_APPLICATION_CREDENTIALS/],
      [new Refusal(403, 'forbidden', 'a@b does not have storage.objects.create access'), 'store.denied', /docs\/gcs/],
      [new Refusal(403, 'quotaExceeded', 'The quota has been exceeded.'), 'store.full', /cleanup/],
      [new Refusal(403, 'retentionPolicyNotMet', "Object 'a' is subject to retention"), 'store.locked', /wait/],
    ];
    for (const [refusal, code, hint] of cases) {
      await refusing(refusal, async () => void (await fails(direct.put('a', small, never), code, hint)));
    }
    for (const [status, reason] of [
      [429, 'rateLimitExceeded'],
      [403, 'userRateLimitExceeded'],
      [503, 'backendError'],
    ] as const) {
      await refusing(new Refusal(status, reason, 'slow down'), async () => {
        assert.equal((await fails(direct.put('a', small, never), 'store.unavailable')).retry, 'later');
      });
    }
    assert.equal(await direct.stat('a', never), undefined);
  });

  it('says what it can of a bucket that it may not ask about', async () => {
    await refusing(new Refusal(403, 'forbidden', 'a@b does not have storage.buckets.get access'), async () => {
      assert.deepEqual(await direct.describe?.(never), { details: { endpoint: server.endpoint } });
      assert.ok((await direct.serverTime?.(never)) instanceof Date);
    });
  });

  it('refuses what is no credentials file, and tells when the proof of an identity is not taken', async () => {
    const options = { bucket: 'faults', prefix: '', endpoint: server.endpoint };
    const nonsense = openGcsStore(options, { credentials: new Secret('{"private_key": "very secret') });
    await assert.rejects(nonsense, (error) => {
      assert.equal(inspect(error, { depth: 9 }).includes('very secret'), false);
      return error instanceof SuretyError && error.code === 'store.credentials';
    });
    writeFileSync(join(folder, 'wrong'), 'wrong');
    const credentials = server.tokens.workload(server.endpoint, join(folder, 'wrong'));
    const stranger = await openGcsStore(options, { credentials: new Secret(JSON.stringify(credentials)) });
    await fails(stranger.stat('a', never), 'store.credentials');
    const missing = await openGcsStore({ ...options, keyFile: join(folder, 'none.json') });
    await fails(missing.stat('a', never), 'store.credentials', /key_file/);
  });

  it('finds out that damaged bodies are refused, and that locked ones can not be destroyed', async () => {
    await using store = await open({ bucket: 'locking', objectLock: 'locked' }, server.port, true);
    assert.equal(await store.trials?.refusesDamaged?.('damaged', never), true);
    assert.equal(await store.stat('damaged', never), undefined);
    await store.put('free', big.subarray(0, 9), never);
    await store.put('locked', big.subarray(0, 9), { ...never, keepUntil: new Date(Date.now() + 60_000) });
    assert.equal(await store.trials?.keepsLocked?.('locked', never), true);
    assert.equal(await store.trials?.keepsLocked?.('free', never), false);
    await fails(store.put('locked', big, never), 'store.locked');
    await store.put('parts', big, { ...never, keepUntil: new Date(Date.now() + 60_000) });
    assert.ok((await store.locks?.until('parts', never)) !== undefined);
  });

  it('says that the bucket is missing, whatever is asked', async () => {
    const store = await open({ bucket: 'missing' });
    const calls = [
      () => store.put('a', big.subarray(0, 9), never),
      () => store.put('a', big, never),
      () => store.read('a', undefined, never),
      () => store.stat('a', never),
      () => store.delete('a', never),
      () => keysOf(store),
      () => store.describe?.(never),
    ];
    for (const call of calls) {
      const error = await fails(call(), 'store.not-found', /surety init/);
      assert.match(error.message, /no bucket missing/);
      assert.equal(error.details.key, undefined);
    }
  });

  it('leaves nothing of an upload that is cut, in one request or in parts', async () => {
    await using line = await startFaultProxy(server.port);
    const store = await open({}, line.port);
    await store.stat('a', never);
    for (const [key, body] of [
      ['cut/one', big.subarray(0, MIB)],
      ['cut/parts', big],
    ] as const) {
      line.state.cutAfterBytes = 300_000;
      assert.equal((await fails(store.put(key, body, never), 'store.unavailable')).retry, 'later');
      line.state.cutAfterBytes = undefined;
      assert.equal(await direct.stat(key, never), undefined);
    }
    assert.deepEqual(await keysOf(direct, 'cut'), []);
  });

  it('goes on in the middle of a part that the service kept only a piece of', async () => {
    server.keepBytes = 300_000;
    await direct.put('pieces', big, never).finally(() => {
      server.keepBytes = Number.POSITIVE_INFINITY;
    });
    assert.ok(big.equals(await direct.read('pieces', undefined, never)));
  });

  it('makes one object of parts of which each was lost or answered twice, and reads the source once', async () => {
    const seen = new Set<string>();
    await using faults = await startHttpFaults(server.port, ({ method, headers, url }, nth) => {
      const name = `${method} ${headers['content-range'] ?? url}`;
      if (method === 'GET' || seen.has(name)) return undefined;
      seen.add(name);
      return { status: [500, 503][nth % 2] ?? 503, after: nth % 3 > 0 };
    });
    const store = await open({}, faults.port);
    async function* once() {
      yield big;
    }
    await store.put('twice', { once: true, open: once }, { ...never, ifAbsent: true });
    assert.ok(big.equals(await direct.read('twice', undefined, never)));
    await fails(store.put('twice', { once: true, open: once }, { ...never, ifAbsent: true }), 'store.exists');
  });

  it('begins anew when the service has forgotten an upload, and says so where it can not', async () => {
    let parts = 0;
    server.refuse = ({ method }) => {
      if (method !== 'PUT') return;
      parts += 1;
      if (parts === 2) server.forgetUploads();
    };
    const lasting = withRetry(direct, { policy });
    await lasting.put('forgotten', big, never);
    assert.ok(big.equals(await direct.read('forgotten', undefined, never)));
    parts = 0;
    async function* once() {
      yield big;
    }
    const error = await fails(lasting.put('spent', { once: true, open: once }, never), 'store.unavailable');
    server.refuse = () => undefined;
    assert.match(error.message, /lost the unfinished upload/);
    assert.equal(await direct.stat('spent', never), undefined);
  });

  it('has one winner when many upload the same key in parts', async () => {
    const bodies = Array.from({ length: 4 }, (_, nth) => Buffer.alloc(2 * MIB + nth, `writer ${nth} `));
    const outcomes = await Promise.allSettled(
      bodies.map((body) => direct.put('race', body, { ...never, ifAbsent: true })),
    );
    const won = outcomes.flatMap(({ status }, nth) => (status === 'fulfilled' ? [nth] : []));
    assert.equal(won.length, 1);
    assert.ok(bodies[won[0] ?? -1]?.equals(await direct.read('race', undefined, never)));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'store.exists', String(outcome.reason));
    }
  });

  it('goes on where an answer was cut', async () => {
    await direct.put('long', big, never);
    await using line = await startFaultProxy(server.port);
    const store = await open({}, line.port);
    line.state.cutAfterAnswerBytes = 2 * MIB;
    await fails(store.read('long', undefined, never), 'store.unavailable');
    const lasting = withRetry(store, { policy });
    assert.ok(big.equals(await collectBytes(lasting.stream('long', undefined, never))));
  });

  it('gives up a line on which nothing moves, and ends at once when it is told to', async () => {
    await using line = await startFaultProxy(server.port);
    const store = await open({ idleTimeoutMs: 300, connectTimeoutMs: 300 }, line.port);
    line.state.mode = 'blackhole';
    for (const call of [
      () => store.put('hole', big, never),
      () => store.read('long', undefined, never),
      () => keysOf(store),
    ]) {
      const error = await fails(call(), 'store.unavailable', /check the network/);
      assert.equal(error.retry, 'later');
    }
    const patient = await open({}, line.port);
    const reason = new Error('stop');
    const begunMs = performance.now();
    const ending = { signal: abortIn(50, reason) };
    await assert.rejects(patient.put('hole', big, ending), (error) => error === reason);
    assert.ok(performance.now() - begunMs < 2000, 'it ends at once');
    line.state.mode = 'refuse';
    await fails(store.stat('long', never), 'store.unavailable');
  });
});

async function fails(call: Promise<unknown> | undefined, code: string, hint?: RegExp): Promise<SuretyError> {
  const error = await Promise.resolve(call).then(
    () => assert.fail(`it did not fail with ${code}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SuretyError, String(error));
  assert.equal(error.code, code, error.message);
  if (hint !== undefined) assert.match(error.hint ?? '', hint);
  return error;
}

async function keysOf(store: Store, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, never)) keys.push(key);
  return keys.sort();
}

function abortIn(delayMs: number, reason: unknown): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), delayMs);
  return controller.signal;
}
