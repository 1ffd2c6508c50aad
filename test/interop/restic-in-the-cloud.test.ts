import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type AzuriteServer, startAzurite } from '../fixtures/azurite-server.ts';
import { makeCertificateAuthority } from '../fixtures/certificate-authority.ts';
import { type GcsServer, startGcsServer } from '../fixtures/gcs-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { type ResticSnapshot, resticFor } from '../fixtures/restic.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { startTunnelProxy, type TunnelProxy } from '../fixtures/tunnel-proxy.ts';

const AZURE_HOST = 'suretytest.blob.core.windows.net';
const GOOGLE_HOSTS = ['storage.googleapis.com', 'oauth2.googleapis.com'];

/** Both programs go to the real addresses, which a proxy leads to servers of the test's own. */
describe('real restic opens repositories in the cloud at the same place', {
  skip: skipWithout('restic', 'openssl'),
}, () => {
  let project: Project;
  let azurite: AzuriteServer;
  let gcs: GcsServer;
  let toAzure: TunnelProxy;
  let toGoogle: TunnelProxy;
  let caFile: string;
  let keyFile: string;

  before(async () => {
    project = makeProject();
    const authority = await makeCertificateAuthority(project.folder, [AZURE_HOST, ...GOOGLE_HOSTS]);
    caFile = authority.caFile;
    const [key, cert] = [authority.keyFile, authority.certificateFile].map((path) => readFileSync(path, 'utf8'));
    gcs = await startGcsServer({ tls: { key: key ?? '', cert: cert ?? '' } });
    azurite = await startAzurite({ tls: authority });
    [toAzure, toGoogle] = [await startTunnelProxy(azurite.port), await startTunnelProxy(gcs.port)];
    keyFile = join(project.folder, 'google.json');
    writeFileSync(keyFile, JSON.stringify(gcs.tokens.serviceAccount), { mode: 0o600 });
    mkdirSync(project.data);
  });
  after(async () => {
    for (const one of [toAzure, toGoogle, azurite, gcs, project]) await one?.[Symbol.asyncDispose]();
  });

  async function bothWays(store: object, location: string, proxy: string, credentials: Record<string, string>) {
    const configuration = {
      sources: { files: { type: 'files', paths: [project.data] } },
      repositories: { cloud: { type: 'restic', store, password: { env: 'VAULT_PASSWORD' } } },
      jobs: { main: { sources: ['files'], to: ['cloud'] } },
    };
    writeFileSync(join(project.folder, 'surety.yaml'), JSON.stringify(configuration));
    const surety = suretyHere(project.folder, { ...project.environment, ...credentials });
    const restic = resticFor(location, PASSWORD, { ...credentials, HTTPS_PROXY: proxy, SSL_CERT_FILE: caFile });

    writeFileSync(join(project.data, 'letter'), 'kept in the cloud');
    await surety.run('init');
    await surety.run('backup');
    await restic.run('check', '--read-data');
    writeFileSync(join(project.data, 'letter'), 'written by restic');
    await restic.run('backup', project.data);
    const target = project.newTarget();
    const [newest] = await restic.json<ResticSnapshot[]>('snapshots', '--latest', '1');
    await surety.run('restore', newest?.id ?? '', '--target', target);
    assert.equal(readFileSync(join(target, project.data, 'letter'), 'utf8'), 'written by restic');
  }

  test('Azure', async () => {
    const { account, accountKey } = azurite;
    const options = { container: 'backups', prefix: 'in/here', account, account_key: { env: 'AZURE_ACCOUNT_KEY' } };
    const store = { azure: { ...options, ca_file: caFile, proxy: toAzure.url } };
    const credentials = { AZURE_ACCOUNT_NAME: account, AZURE_ACCOUNT_KEY: accountKey };
    await bothWays(store, 'azure:backups:/in/here', toAzure.url, credentials);
    assert.deepEqual([...new Set(toAzure.hosts)], [`${AZURE_HOST}:443`]);
  });

  test('Google Cloud', async () => {
    const store = { gcs: { bucket: 'backups', prefix: 'in/here', ca_file: caFile, proxy: toGoogle.url } };
    const credentials = { GOOGLE_APPLICATION_CREDENTIALS: keyFile, GOOGLE_PROJECT_ID: 'project' };
    await bothWays(store, 'gs:backups:/in/here', toGoogle.url, credentials);
  });
});
