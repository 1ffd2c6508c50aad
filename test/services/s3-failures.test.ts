import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openS3Store } from '../../src/stores/s3/open.ts';
import type { Store } from '../../src/stores/store.ts';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { type HttpFault, startHttpFaults } from '../fixtures/http-faults.ts';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import { freshName, openTestStore } from '../fixtures/s3-store.ts';

const how = { signal: new AbortController().signal };

interface Expected {
  readonly code: string;
  readonly message: RegExp;
  readonly hint?: RegExp;
  readonly retry?: 'later' | 'never';
}

describe('the S3 store, when it', { skip: skipWithout('faketime', ...CEPH_PROGRAMS) }, () => {
  let ceph: CephServer;
  const bucket = freshName('bucket');
  const folder = mkdtempSync(join(tmpdir(), 'surety-s3-failures-'));
  before(async () => {
    ceph = await startCeph();
    await using store = await openTestStore(ceph, { bucket }, { create: true });
    await store.put('a', Buffer.from('a'), how);
  });
  after(async () => {
    await ceph[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each kind of call fails in this way; a look at one object too, whose answer has no reason in it. */
  async function allSay(store: Store, expected: Expected): Promise<void> {
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      put: () => store.put('b', Buffer.from('b'), how),
      read: () => store.read('a', undefined, how),
      stat: () => store.stat('a', how),
      list: () => Array.fromAsync(store.list('', how)),
      delete: () => store.delete('none', how),
    };
    for (const [name, call] of Object.entries(calls)) {
      await assert.rejects(call(), (error: Error & { code?: string; hint?: string; retry?: string }) => {
        assert.equal(error.code, expected.code, `${name}: ${error.message}`);
        assert.match(error.message, expected.message, name);
        assert.match(error.hint ?? '', expected.hint ?? /^/, name);
        assert.equal(error.retry, expected.retry ?? 'never', name);
        assert.doesNotMatch(`${error.message} ${error.hint}`, /TESTSECRET|secretof/, name);
        return true;
      });
    }
  }

  test('has a key that nobody knows', async () => {
    await using store = await openTestStore({ ...ceph, accessKeyId: 'NOBODY' }, { bucket });
    await allSay(store, { code: 'store.credentials', message: /the access key is not known/, hint: /access_key_id/ });
  });

  test('has a wrong secret', async () => {
    await using store = await openTestStore({ ...ceph, secretAccessKey: 'wrong' }, { bucket });
    await allSay(store, {
      code: 'store.credentials',
      message: /the secret access key is wrong/,
      hint: /secret_access_key/,
    });
  });

  test('has the key of somebody without rights', async () => {
    await using store = await openTestStore(await ceph.makeUser('stranger'), { bucket });
    await allSay(store, { code: 'store.denied', message: /access is denied/, hint: /rights/ });
  });

  test('is answered by something in between that says that all is well', async () => {
    const page = { 'content-type': 'text/html' };
    let fault: HttpFault = { status: 200, headers: page, body: '<html><body>please log in</body></html>' };
    await using faults = await startHttpFaults(ceph.port, () => fault);
    await using store = await openTestStore({ ...ceph, endpoint: `http://127.0.0.1:${faults.port}` }, { bucket });
    const isRefused = { code: 'store.failed', hint: /the answer is not one of S3/ };
    for (const body of ['<html><body>please log in</body></html>', '']) {
      fault = { status: 200, headers: page, body };
      await assert.rejects(Array.fromAsync(store.list('', how)), isRefused, `a list of nothing: ${body}`);
      await assert.rejects(store.put('lost', Buffer.from('lost'), how), isRefused, `nothing is stored: ${body}`);
    }
  });

  test('has no credentials at all', async () => {
    const environment = { ...process.env };
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, { HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' });
    try {
      await using store = await openS3Store({ bucket, prefix: '', endpoint: ceph.endpoint });
      await allSay(store, {
        code: 'store.credentials',
        message: /there are no credentials/,
        hint: /AWS_ACCESS_KEY_ID/,
      });
    } finally {
      process.env = environment;
    }
  });

  test('finds no bucket', async () => {
    await using store = await openTestStore(ceph, { bucket: 'nowhere', prefix: 'x' });
    await allSay(store, { code: 'store.not-found', message: /there is no bucket nowhere/, hint: /surety init/ });
  });

  const answers: readonly (readonly [what: string, fault: HttpFault, expected: Expected])[] = [
    [
      'has a session token that expired',
      { status: 400, body: xml('ExpiredToken', 'The provided token has expired.') },
      { code: 'store.credentials', message: /the session token has expired/, hint: /new credentials/ },
    ],
    [
      'is told to slow down',
      { status: 503, body: xml('SlowDown', 'Please reduce your request rate.'), headers: { 'retry-after': '7' } },
      { code: 'store.unavailable', message: /SlowDown|503/, retry: 'later' },
    ],
    [
      'is throttled by something in between that does not speak S3',
      { status: 429, body: '<html>too many</html>', headers: { 'content-type': 'text/html' } },
      { code: 'store.unavailable', message: /HTTP status 429/, retry: 'later' },
    ],
    [
      'meets a gateway that has lost its service',
      { status: 502, body: 'bad gateway' },
      { code: 'store.unavailable', message: /HTTP status 502/, retry: 'later' },
    ],
    [
      'asks in the wrong region',
      { status: 301, body: xml('PermanentRedirect', 'elsewhere'), headers: { 'x-amz-bucket-region': 'eu-west-3' } },
      { code: 'store.failed', message: /is in region eu-west-3/, hint: /region: eu-west-3/ },
    ],
  ];
  for (const [what, fault, expected] of answers) {
    test(what, async () => {
      await using faults = await startHttpFaults(ceph.port, ({ method }) =>
        method === 'HEAD' ? { ...fault, body: '' } : fault,
      );
      await using store = await openTestStore({ ...ceph, endpoint: `http://127.0.0.1:${faults.port}` }, { bucket });
      await allSay(store, expected);
    });
  }

  test('knows no such host, or nobody listens there', async () => {
    const [port] = await freePorts(1);
    await using typo = await openTestStore({ ...ceph, endpoint: 'http://s3.example.invalid' }, { bucket });
    const unknown = { code: 'store.unavailable', message: /s3\.example\.invalid is not known/, hint: /endpoint/ };
    await allSay(typo, { ...unknown, retry: 'later' });
    await using closed = await openTestStore({ ...ceph, endpoint: `http://127.0.0.1:${port}` }, { bucket });
    await allSay(closed, { code: 'store.unavailable', message: /nobody answers there/, retry: 'later' });
  });

  test('does not trust the certificate, until its authority is named', async () => {
    const tls = { ...ceph, endpoint: ceph.tlsEndpoint };
    await using strict = await openTestStore(tls, { bucket });
    await allSay(strict, {
      code: 'store.untrusted',
      message: /certificate is not one that is trusted/,
      hint: /ca_file/,
    });
    await using trusting = await openTestStore(tls, { bucket, caFile: ceph.caFile });
    assert.equal(Buffer.from(await trusting.read('a', undefined, how)).toString(), 'a');
    const other = { ...tls, endpoint: `https://127.0.0.2:${ceph.tlsPort}` };
    await using line = await startForward('127.0.0.2', ceph.tlsPort);
    await using misnamed = await openTestStore(
      { ...other, endpoint: `https://127.0.0.2:${line.port}` },
      { bucket, caFile: ceph.caFile },
    );
    await allSay(misnamed, { code: 'store.untrusted', message: /certificate is for another name/ });
    await using encrypted = await openTestStore({ ...tls, endpoint: `https://127.0.0.1:${ceph.port}` }, { bucket });
    await allSay(encrypted, { code: 'store.failed', message: /no TLS connection/, hint: /http:\/\// });
    await assert.rejects(openTestStore(tls, { bucket, caFile: join(folder, 'none') }), { code: 'store.untrusted' });
  });

  test('goes through a proxy, with and without TLS', async () => {
    await using proxy = await startProxy();
    const options = { bucket, proxy: `http://127.0.0.1:${proxy.port}`, caFile: ceph.caFile };
    for (const endpoint of [ceph.tlsEndpoint, ceph.endpoint]) {
      await using store = await openTestStore({ ...ceph, endpoint }, options);
      assert.equal(Buffer.from(await store.read('a', undefined, how)).toString(), 'a');
    }
    assert.deepEqual(proxy.asked, [
      `CONNECT localhost:${ceph.tlsPort}`,
      `GET ${ceph.endpoint}/${bucket}/a?x-id=GetObject`,
    ]);
  });

  test('has a clock that is two hours ahead, and still tells the time of the service', async () => {
    const script = join(folder, 'skewed.ts');
    const from = (path: string) => JSON.stringify(join(import.meta.dirname, path));
    writeFileSync(
      script,
      `import { openTestStore } from ${from('../fixtures/s3-store.ts')};
      const how = { signal: new AbortController().signal };
      const access = JSON.parse(process.argv[2]);
      const store = await openTestStore(access, { bucket: ${JSON.stringify(bucket)} });
      const said = [];
      for (const call of [() => store.put('b', Buffer.from('b'), how), () => store.stat('a', how)]) {
        await call().then(() => said.push('done'), ({ code, message, hint }) => said.push([code, message, hint].join('|')));
      }
      console.log(JSON.stringify({ said, time: (await store.serverTime(how)).getTime() }));`,
    );
    const access = JSON.stringify({ ...ceph, admin: undefined });
    const printed = await expectSuccess([locate('faketime')!, '+2 hours', process.execPath, script, access]);
    const { said, time } = JSON.parse(printed);
    for (const one of said)
      assert.match(one, /^store\.clock\|.*clock is (120 minutes|2 hours) ahead of .*\|set the clock/);
    assert.ok(Math.abs(time - Date.now()) < 60_000);
  });

  test('takes the credentials from the environment, and from a profile', async () => {
    const environment = { ...process.env };
    const { accessKeyId, secretAccessKey } = ceph;
    const [config, credentials] = [join(folder, 'config'), join(folder, 'credentials')];
    writeFileSync(config, '[profile night]\nregion = eu-somewhere-9\n');
    writeFileSync(
      credentials,
      `[night]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    try {
      Object.assign(process.env, { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials });
      await using profiled = await openS3Store({ bucket, prefix: '', profile: 'night', endpoint: ceph.endpoint });
      assert.equal((await profiled.stat('a', how))?.sizeBytes, 1);
      assert.equal((await profiled.describe?.(how))?.details.region, 'eu-somewhere-9');
      const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      Object.assign(process.env, { ...keys, AWS_ENDPOINT_URL: ceph.endpoint });
      await using plain = await openS3Store({ bucket, prefix: '' });
      assert.equal((await plain.stat('a', how))?.sizeBytes, 1);
      assert.match(plain.traits.location, /at 127\.0\.0\.1:/);
    } finally {
      process.env = environment;
    }
  });
});

function xml(code: string, message: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** The same service at another address of this machine. */
async function startForward(host: string, targetPort: number): Promise<Listening> {
  const { createServer: createForward } = await import('node:net');
  const open = new Set<Socket>();
  const server = createForward((client) => {
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) open.add(socket.on('error', () => undefined));
    client.pipe(target).pipe(client);
  });
  return await listening(server, open, host);
}

/** A proxy as there are in companies: it passes plain requests on, and makes tunnels. */
async function startProxy(): Promise<Listening & { readonly asked: string[] }> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const { request } = await import('node:http');
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { method, headers } = incoming;
    const passed = request(incoming.url ?? '', { method, headers }, (answer) =>
      answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers)),
    );
    incoming.pipe(passed);
  });
  server.on('connect', ({ url = '' }: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${url}`);
    const [, port] = url.split(':');
    const target = connect(Number(port), '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const socket of [client, target]) open.add(socket.on('error', () => undefined));
    client.pipe(target).pipe(client);
  });
  return { ...(await listening(server, open, '127.0.0.1')), asked };
}

async function listening(
  server: import('node:net').Server,
  open: ReadonlySet<Socket>,
  host: string,
): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      if ('closeAllConnections' in server) (server as import('node:http').Server).closeAllConnections();
      await closed;
    },
  };
}
