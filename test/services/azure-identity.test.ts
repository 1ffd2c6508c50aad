import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openAzureStore } from '../../src/stores/azure/open.ts';
import type { AzureStoreOptions } from '../../src/stores/azure/options.ts';
import { type AzuriteServer, startAzurite } from '../fixtures/azurite-server.ts';
import { type CertificateAuthority, makeCertificateAuthority } from '../fixtures/certificate-authority.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { startTunnelProxy } from '../fixtures/tunnel-proxy.ts';

const never = { signal: new AbortController().signal };

describe('the managed identity of a machine, over TLS with a private authority', {
  skip: skipWithout('openssl'),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-azure-'));
  let authority: CertificateAuthority;
  let server: AzuriteServer;
  let identities: Server;
  let asked: string[];
  let status = 200;
  const known = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER'];
  before(async () => {
    authority = await makeCertificateAuthority(folder);
    server = await startAzurite({ tls: authority });
    asked = [];
    identities = createServer((request, response) => {
      asked.push(`${request.headers['x-identity-header']} ${request.url}`);
      const expires = Math.floor(Date.now() / 1000) + 3600;
      const given = { access_token: token(expires), expires_on: String(expires), token_type: 'Bearer' };
      const answer = status === 200 ? given : { statusCode: status, message: 'no identity' };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => identities.listen(0, '127.0.0.1', resolve));
    process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${(identities.address() as AddressInfo).port}/token`;
    process.env.IDENTITY_HEADER = 'header';
  });
  after(async () => {
    for (const name of known) delete process.env[name];
    identities.closeAllConnections();
    identities.close();
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const options = (): AzureStoreOptions => ({
    ...{ container: 'identity', prefix: 'p', endpoint: server.endpoint(), caFile: authority.caFile },
  });

  // The library keeps tokens for all that run in this process: this comes before the first one.
  it('is told from a machine that has none', async () => {
    status = 400;
    await using store = await openAzureStore(options());
    await assert.rejects(store.stat('a/b', never), { code: 'store.credentials', hint: /managed identity/ });
    status = 200;
  });

  it('lets in without any secret in the configuration', async () => {
    await using store = await openAzureStore(options(), { create: true });
    await store.put('a/b', Buffer.from('kept'), never);
    assert.equal(Buffer.from(await store.read('a/b', undefined, never)).toString(), 'kept');
    assert.equal((await store.describe?.(never))?.details.credentials, 'the identity of this machine or user');
    assert.match(asked.at(-1) ?? '', /^header \/token\?.*storage\.azure\.com/);
  });

  it('goes through a proxy', async () => {
    await using proxy = await startTunnelProxy(server.port);
    await using store = await openAzureStore({ ...options(), proxy: proxy.url });
    assert.equal((await store.stat('a/b', never))?.sizeBytes, 4);
    assert.deepEqual(proxy.hosts, [`127.0.0.1:${server.port}`]);
  });

  it('is sent to nobody whose certificate is not trusted', async () => {
    await using store = await openAzureStore({ ...options(), caFile: undefined });
    await assert.rejects(store.stat('a/b', never), { code: 'store.untrusted', retry: 'never' });
  });
});

/** A token with what the emulator looks at: who issued it, for whom, and until when. It checks no signature. */
function token(exp: number): string {
  const tenant = 'ab1f708d-50f6-404c-a006-d71b2ac7a606';
  const claims = {
    ...{ aud: 'https://storage.azure.com', iss: `https://sts.windows.net/${tenant}/`, tid: tenant },
    ...{ iat: exp - 3600, nbf: exp - 3600, exp },
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ typ: 'JWT', alg: 'RS256' })}.${part(claims)}.${Buffer.from('signature').toString('base64url')}`;
}
