import assert from 'node:assert/strict';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  AccountSASPermissions,
  BlobServiceClient,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { SuretyError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { collectBytes } from '../../src/base/streams.ts';
import type { AzureSecrets } from '../../src/stores/azure/credentials.ts';
import { openAzureStore } from '../../src/stores/azure/open.ts';
import type { AzureStoreOptions } from '../../src/stores/azure/options.ts';
import type { Store } from '../../src/stores/store.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { type AzuriteServer, startAzurite } from '../fixtures/azurite-server.ts';
import { startFaultProxy } from '../fixtures/fault-proxy.ts';
import { startHttpFaults } from '../fixtures/http-faults.ts';

const MIB = 2 ** 20;
const policy = { attempts: 6, firstDelayMs: 1, longestDelayMs: 10 };
const never = { signal: new AbortController().signal };
const big = Buffer.alloc(3 * MIB + 17, 'what is stored in blocks ');

describe('an Azure store when things go wrong', () => {
  let server: AzuriteServer;
  let direct: Store;
  before(async () => {
    server = await startAzurite();
    direct = await open();
  });
  after(async () => {
    await direct[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  function open(options: Partial<AzureStoreOptions> = {}, secrets?: AzureSecrets, port?: number): Promise<Store> {
    return openAzureStore(
      { container: 'faults', prefix: 'in/here', endpoint: server.endpoint(port), partSizeBytes: MIB, ...options },
      {
        create: secrets === undefined && options.container === undefined && port === undefined,
        policy,
        secrets: secrets ?? { accountKey: new Secret(server.accountKey) },
      },
    );
  }

  function sasToken(permissions: string, endsInMs: number, resourceTypes = 'sco'): Secret {
    const key = new StorageSharedKeyCredential(server.account, server.accountKey);
    const [startsOn, expiresOn] = [new Date(Date.now() - 7_200_000), new Date(Date.now() + endsInMs)];
    const given = { permissions: AccountSASPermissions.parse(permissions), services: 'b', resourceTypes };
    return new Secret(generateAccountSASQueryParameters({ ...given, startsOn, expiresOn }, key).toString());
  }

  it('tells wrong keys, expired tokens and missing rights apart, and repeats none of them', async () => {
    const wrong = Buffer.from('another key').toString('base64');
    const wrongKey = await open({}, { accountKey: new Secret(wrong) });
    await fails(wrongKey.put('a', big.subarray(0, 9), never), 'store.credentials', /check the account, its key/);
    const expired = await open({}, { sasToken: sasToken('rwdlc', -60_000) });
    await fails(expired.read('a', undefined, never), 'store.credentials', /SAS token/);
    const reader = await open({}, { sasToken: sasToken('rl', 60_000) });
    await fails(reader.put('a', big.subarray(0, 9), never), 'store.denied', /docs\/azure\.md/);
    assert.equal(await reader.stat('a', never), undefined);
    const objectsOnly = await open({}, { sasToken: sasToken('rwdl', 60_000, 'o') });
    const facts = await objectsOnly.describe?.(never);
    assert.match(facts?.details['credentials end'] ?? '', /^20/);
    assert.ok((await objectsOnly.serverTime?.(never)) instanceof Date);
    await using faults = await startHttpFaults(server.port);
    const again = withRetry(await open({}, { accountKey: new Secret(wrong) }, faults.port), { policy });
    await fails(keysOf(again), 'store.credentials');
    assert.equal(faults.requests.length, 1);
  });

  it('never shows a token or key, wherever it is printed', async () => {
    const token = sasToken('rl', 60_000);
    const signature = new URLSearchParams(token.reveal()).get('sig') ?? '';
    const store = await open({}, { sasToken: token });
    assert.equal(inspect(store.traits).includes('sig='), false);
    const error = await store.put('a', big.subarray(0, 9), never).catch((error: unknown) => error);
    const printed = `${inspect(error, { depth: 9 })} ${JSON.stringify(error)}`;
    for (const secret of [signature, encodeURIComponent(signature), server.accountKey]) {
      assert.equal(printed.includes(secret), false);
    }
    await assert.rejects(open({}, { connectionString: new Secret('AccountKey=c2VjcmV0; nonsense') }), (error) => {
      assert.ok(error instanceof SuretyError);
      assert.equal(inspect(error).includes('c2VjcmV0'), false);
      return error.code === 'store.credentials';
    });
  });

  it('says that the container is missing, whatever is asked', async () => {
    const store = await open({ container: 'missing' });
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
      assert.match(error.message, /container missing/);
      assert.equal(error.details.key, undefined);
    }
  });

  it('leaves nothing of an upload that is cut, in one request or in blocks', async () => {
    await using line = await startFaultProxy(server.port);
    const store = await open({}, undefined, line.port);
    for (const [key, body] of [
      ['cut/one', big.subarray(0, MIB)],
      ['cut/blocks', big],
    ] as const) {
      line.state.cutAfterBytes = 300_000;
      const error = await fails(store.put(key, body, never), 'store.unavailable');
      assert.equal(error.retry, 'later');
      line.state.cutAfterBytes = undefined;
      assert.equal(await direct.stat(key, never), undefined);
    }
    assert.deepEqual(await keysOf(direct, 'cut'), []);
    await store.put('cut/blocks', big, never);
    assert.ok(big.equals(await direct.read('cut/blocks', undefined, never)));
  });

  it('goes on where an answer was cut', async () => {
    await direct.put('long', big, never);
    await using line = await startFaultProxy(server.port);
    const store = await open({}, undefined, line.port);
    line.state.cutAfterAnswerBytes = 2 * MIB;
    await fails(store.read('long', undefined, never), 'store.unavailable');
    const lasting = withRetry(store, { policy });
    assert.ok(big.equals(await collectBytes(lasting.stream('long', undefined, never))));
  });

  it('gives up a line on which nothing moves, and ends at once when it is told to', async () => {
    await using line = await startFaultProxy(server.port);
    const store = await open({ idleTimeoutMs: 300, connectTimeoutMs: 300 }, undefined, line.port);
    line.state.mode = 'blackhole';
    for (const call of [
      () => store.put('hole', big, never),
      () => store.read('long', undefined, never),
      () => keysOf(store),
    ]) {
      const error = await fails(call(), 'store.unavailable', /check the network/);
      assert.equal(error.retry, 'later');
    }
    const patient = await open({}, undefined, line.port);
    const reason = new Error('stop');
    const begunMs = performance.now();
    const ending = { signal: abortIn(50, reason) };
    await assert.rejects(patient.put('hole', big, ending), (error) => error === reason);
    assert.ok(performance.now() - begunMs < 2000, 'it ends at once');
    line.state.mode = 'refuse';
    await fails(store.stat('long', never), 'store.unavailable');
  });

  it('makes one blob of blocks of which each was lost or answered twice', async () => {
    const seen = new Set<string>();
    await using faults = await startHttpFaults(server.port, ({ method, url }, nth) => {
      const name = `${method} ${url}`;
      if (method !== 'PUT' || seen.has(name)) return undefined;
      seen.add(name);
      return { status: [500, 503][nth % 2] ?? 503, after: true };
    });
    const store = await open({}, undefined, faults.port);
    async function* once() {
      yield big;
    }
    await store.put('twice', { once: true, open: once }, { ...never, ifAbsent: true });
    assert.ok(big.equals(await direct.read('twice', undefined, never)));
    await fails(store.put('twice', { once: true, open: once }, { ...never, ifAbsent: true }), 'store.exists');
  });

  it('has one winner when many upload the same key in blocks, and what it has is whole', async () => {
    const bodies = Array.from({ length: 4 }, (_, nth) => Buffer.alloc(2 * MIB + nth, `writer ${nth} `));
    const outcomes = await Promise.allSettled(
      bodies.map((body) => direct.put('race', body, { ...never, ifAbsent: true })),
    );
    const won = outcomes.flatMap(({ status }, nth) => (status === 'fulfilled' ? [nth] : []));
    assert.equal(won.length, 1);
    assert.ok(bodies[won[0] ?? -1]?.equals(await direct.read('race', undefined, never)));
  });

  it('refuses bytes that changed on the way', async () => {
    await using changing = await startProxy(server.port, { body: (chunk) => chunk.map((byte) => byte ^ 1) });
    const store = await open({}, { sasToken: sasToken('rwdlac', 60_000) }, changing.port);
    await fails(store.put('changed', big.subarray(0, 1000), never), 'store.unavailable');
    await fails(store.put('changed', big, never), 'store.unavailable');
    assert.equal(await direct.stat('changed', never), undefined);
    assert.equal(await direct.trials?.refusesDamaged?.('changed', never), true);
    assert.equal(await direct.stat('changed', never), undefined);
  });

  it('lists page after page', async () => {
    const names = Array.from({ length: 45 }, (_, nth) => `pages/${nth}`);
    await Promise.all(names.map((key) => direct.put(key, big.subarray(0, 3), never)));
    const service = BlobServiceClient.fromConnectionString(connectionString(server));
    // What others have there is no key of the store.
    const foreign = service.getContainerClient('faults').getBlockBlobClient('in/here/pages/not a key é');
    await foreign.upload('x', 1);
    // The page size is not signed by a SAS token: the server gives real pages, only shorter ones.
    const short = (url: string) => url.replace('maxresults=5000', 'maxresults=7');
    await using pages = await startProxy(server.port, { url: short });
    const store = await open({}, { sasToken: sasToken('rl', 60_000) }, pages.port);
    assert.deepEqual(await keysOf(store, 'pages'), names.sort());
    assert.ok(pages.requests >= 7, `${pages.requests} requests`);
  });

  it('takes the connection string, key or token from the environment', async () => {
    const settings = {
      AZURE_STORAGE_CONNECTION_STRING: connectionString(server),
      AZURE_STORAGE_KEY: server.accountKey,
      AZURE_STORAGE_SAS_TOKEN: sasToken('rl', 60_000).reveal(),
    };
    for (const [name, value] of Object.entries(settings)) {
      process.env[name] = value;
      try {
        const endpoint = name.endsWith('STRING') ? {} : { endpoint: server.endpoint() };
        await using store = await openAzureStore({ container: 'faults', prefix: 'in/here', ...endpoint });
        assert.equal((await store.stat('race', never))?.key, 'race', name);
      } finally {
        delete process.env[name];
      }
    }
    const withoutAccount = openAzureStore({ container: 'faults', prefix: '' });
    await assert.rejects(withoutAccount, { code: 'store.credentials' });
  });
});

function connectionString({ account, accountKey, endpoint }: AzuriteServer): string {
  return `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${endpoint()};`;
}

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

interface Changes {
  readonly url?: (url: string) => string;
  readonly body?: (chunk: Buffer) => Uint8Array;
}

/** Hands requests on, changed. */
async function startProxy(port: number, { url = (same) => same, body = (same) => same }: Changes) {
  let requests = 0;
  const proxy = createServer((incoming, outgoing) => {
    requests += 1;
    const { method, rawHeaders } = incoming;
    const how = { port, host: '127.0.0.1', method, path: url(incoming.url ?? ''), headers: rawHeaders as never };
    const passed = ask({ ...how, setDefaultHeaders: false }, (response) => {
      response.pipe(outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders as never));
    });
    passed.on('error', () => outgoing.destroy());
    incoming.on('data', (chunk: Buffer) => passed.write(body(chunk))).on('end', () => passed.end());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: (proxy.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => proxy.close(resolve));
      proxy.closeAllConnections();
      await closed;
    },
  };
}
