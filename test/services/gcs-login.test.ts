import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openGcsStore } from '../../src/stores/gcs/open.ts';
import type { GcsStoreOptions } from '../../src/stores/gcs/options.ts';
import { makeCertificateAuthority } from '../fixtures/certificate-authority.ts';
import { type GcsServer, startGcsServer } from '../fixtures/gcs-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { startTunnelProxy, type TunnelProxy } from '../fixtures/tunnel-proxy.ts';

const never = { signal: new AbortController().signal };
const body = Buffer.alloc(700_000, 'kept at Google ');

describe('a key file, at the addresses of Google, through a proxy and with a private authority', {
  skip: skipWithout('openssl'),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-gcs-login-'));
  const keyFile = join(folder, 'key.json');
  let server: GcsServer;
  let proxy: TunnelProxy;
  let options: GcsStoreOptions;
  before(async () => {
    const authority = await makeCertificateAuthority(folder, ['storage.googleapis.com', 'oauth2.googleapis.com']);
    const [key, cert] = [authority.keyFile, authority.certificateFile].map((path) => readFileSync(path, 'utf8'));
    server = await startGcsServer({ tls: { key: key ?? '', cert: cert ?? '' } });
    proxy = await startTunnelProxy(server.port);
    writeFileSync(keyFile, JSON.stringify(server.tokens.serviceAccount), { mode: 0o600 });
    options = { bucket: 'login', prefix: '', proxy: proxy.url, caFile: authority.caFile, partSizeBytes: 256 * 1024 };
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('makes the bucket in the project of the key, and keeps bodies in it', async () => {
    await using store = await openGcsStore({ ...options, keyFile }, { create: true });
    await store.put('whole', body.subarray(0, 1000), never);
    await store.put('parts', body, never);
    assert.ok(body.equals(await store.read('parts', undefined, never)));
    assert.equal((await store.stat('whole', never))?.sizeBytes, 1000);
    assert.deepEqual([...new Set(proxy.hosts)].sort(), ['oauth2.googleapis.com:443', 'storage.googleapis.com:443']);
  });

  it('is found by GOOGLE_APPLICATION_CREDENTIALS, and the proxy by HTTPS_PROXY', async () => {
    const known = { GOOGLE_APPLICATION_CREDENTIALS: keyFile, HTTPS_PROXY: proxy.url };
    Object.assign(process.env, known);
    try {
      await using store = await openGcsStore({ ...options, proxy: undefined });
      assert.equal((await store.stat('whole', never))?.sizeBytes, 1000);
    } finally {
      for (const name of Object.keys(known)) delete process.env[name];
    }
  });

  it('is refused where the account does not know the key', async () => {
    await using other = await startGcsServer();
    const wrong = { ...other.tokens.serviceAccount, client_email: 'backup@project.iam.gserviceaccount.com' };
    const path = join(folder, 'wrong.json');
    writeFileSync(path, JSON.stringify(wrong), { mode: 0o600 });
    await using store = await openGcsStore({ ...options, keyFile: path });
    await assert.rejects(store.stat('whole', never), { code: 'store.credentials' });
  });

  it('is sent to nobody whose certificate is not trusted', async () => {
    await using store = await openGcsStore({ ...options, keyFile, caFile: undefined });
    const given = server.tokens.counts.given;
    await assert.rejects(store.stat('whole', never), { code: 'store.untrusted', retry: 'never' });
    assert.equal(server.tokens.counts.given, given);
  });
});
