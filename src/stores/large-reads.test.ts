import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificateAuthority } from '../../test/fixtures/certificate-authority.ts';
import { openConnections } from './connections.ts';
import { largeReads } from './large-reads.ts';
import { http, https } from './node-http.ts';

const content = randomBytes(9_000_000);

describe('bodies read in large pieces', () => {
  const servers: Server[] = [];
  const urls = { http: '', https: '' };
  const folder = mkdtempSync(join(tmpdir(), 'surety-large-reads-'));
  let caFile = '';

  before(async () => {
    const made = await makeCertificateAuthority(folder);
    caFile = made.caFile;
    const answer: RequestListener = (request, response) => {
      const [from = 0, length = content.length] = (request.url ?? '').slice(1).split('-').filter(Boolean).map(Number);
      response.setHeader('content-length', length);
      response.end(content.subarray(from, from + length));
    };
    const bundle = readFileSync(made.bundleFile);
    for (const [kind, server] of [
      ['http', http.createServer(answer)],
      ['https', https.createServer({ key: bundle, cert: bundle }, answer)],
    ] as const) {
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      urls[kind] = `${kind}://localhost:${(server.address() as AddressInfo).port}`;
    }
  });
  after(() => {
    for (const server of servers) server.close().closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const kind of ['http', 'https'] as const) {
    const get = (agent: ReturnType<ReturnType<typeof openConnections>['agentFor']>, path: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        (kind === 'http' ? http : https).get(`${urls[kind]}/${path}`, { agent }, resolve).on('error', reject);
      });

    test(`${kind}: pieces that are kept stay what they were, on a connection that is used again`, async () => {
      using connections = openConnections({ caFile });
      const agent = connections.agentFor(urls[kind]);
      const first = await Array.fromAsync((await get(agent, '')) as AsyncIterable<Buffer>);
      const second = await Array.fromAsync((await get(agent, '1000-5000000')) as AsyncIterable<Buffer>);
      assert.ok(Buffer.concat(first).equals(content));
      assert.ok(Buffer.concat(second).equals(content.subarray(1000, 5_001_000)));
      if (kind === 'http') assert.ok(first.length < content.length / 70_000, `${first.length} pieces`);
    });

    test(`${kind}: nothing is received while nobody takes it, and all of it in the end`, async () => {
      using connections = openConnections({ caFile });
      const response = await get(connections.agentFor(urls[kind]), '');
      const socket = response.socket;
      response.pause();
      await sleep(100);
      const held = socket.bytesRead;
      assert.ok(held < content.length / 2, `${held} bytes were read`);
      await sleep(50);
      assert.equal(socket.bytesRead, held);
      assert.ok(Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).equals(content));
    });
  }
});

test('what nobody listens for is kept in bytes of its own', async () => {
  const server = createServer((socket) => {
    socket.write('one ');
    setTimeout(() => socket.end('two'), 30);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { onread, attach } = largeReads();
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', onread });
  attach(socket);
  await sleep(100);
  assert.equal(Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString(), 'one two');
  server.close();
});
