import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Secret } from '../base/secret.ts';
import { accessToAzure, accessToGcs, accessToS3, accessToSftp } from './store-access.ts';

const KEPT = ['AWS_ACCESS_KEY_ID', 'AWS_REGION', 'AZURE_STORAGE_CONNECTION_STRING', 'GOOGLE_APPLICATION_CREDENTIALS'];

describe('what opens a store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-access-'));
  const how = { directory: folder, signal: new AbortController().signal };
  const saved = KEPT.map((name) => [name, process.env[name]] as const);
  before(() => {
    for (const name of KEPT) delete process.env[name];
  });
  after(() => {
    for (const [name, value] of saved) if (value !== undefined) process.env[name] = value;
    rmSync(folder, { recursive: true, force: true });
  });

  const s3 = (more: object) => accessToS3({ kind: 's3', options: { bucket: 'b', prefix: '', ...more } }, how);
  const plain = (text: string) => ({ plain: new Secret(text) });

  test('is the same key in S3, from wherever it comes, and is told without it', async () => {
    writeFileSync(join(folder, 'key'), 'AKIAEXAMPLE\n');
    process.env.AWS_ACCESS_KEY_ID = 'AKIAEXAMPLE';
    const all = [
      await s3({}),
      await s3({ accessKeyId: plain('AKIAEXAMPLE') }),
      await s3({ accessKeyId: { file: 'key' } }),
    ];
    delete process.env.AWS_ACCESS_KEY_ID;
    assert.equal(new Set(all.map(({ mark }) => mark)).size, 1);
    assert.doesNotMatch(JSON.stringify(all), /AKIAEXAMPLE/);
    const others = [await s3({ accessKeyId: plain('OTHER') }), await s3({ profile: 'two' }), await s3({})];
    assert.equal(new Set([...all, ...others].map(({ mark }) => mark)).size, 4);
    const elsewhere = await s3({ accessKeyId: plain('AKIAEXAMPLE'), endpoint: 'https://s3.example.org' });
    assert.deepEqual([elsewhere.host, elsewhere.isCloud], ['s3.example.org', false]);
  });

  test('tells regions of Amazon apart where they are named', async () => {
    assert.deepEqual([(await s3({ region: 'eu-west-1' })).part, (await s3({})).part], ['eu-west-1', undefined]);
    const regional = await s3({ endpoint: 'https://s3.eu-west-1.amazonaws.com' });
    assert.deepEqual([regional.host, regional.isCloud], ['amazonaws.com', true]);
  });

  test('is the account in Azure, also of an emulator on this machine', async () => {
    const azure = (more: object) =>
      accessToAzure({ kind: 'azure', options: { container: 'c', prefix: '', ...more } }, how);
    const line = 'DefaultEndpointsProtocol=https;AccountName=mine;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net';
    const [named, inLine] = [await azure({ account: 'mine' }), await azure({ connectionString: plain(line) })];
    assert.equal(named.mark, inLine.mark);
    assert.ok(named.isCloud && inLine.isCloud);
    assert.doesNotMatch(JSON.stringify(inLine), /c2VjcmV0/);
    const local = await azure({ connectionString: plain('UseDevelopmentStorage=true') });
    assert.deepEqual([local.host, local.isCloud], ['127.0.0.1', false]);
  });

  test('is the account in a key file of Google, whatever the file is called', async () => {
    const gcs = (more: object) => accessToGcs({ kind: 'gcs', options: { bucket: 'bbb', prefix: '', ...more } }, how);
    for (const name of ['one', 'two'])
      writeFileSync(join(folder, name), JSON.stringify({ client_email: 'a@example.org' }));
    const [one, two] = [await gcs({ keyFile: join(folder, 'one') }), await gcs({ keyFile: join(folder, 'two') })];
    assert.equal(one.mark, two.mark);
    assert.equal(one.shown, 'account a@example.org');
    assert.notEqual((await gcs({})).mark, one.mark);
  });

  test('is the user of a host over SSH', () => {
    const sftp = (user: string, host: string) =>
      accessToSftp({ kind: 'sftp', options: { host: 'alias', path: '/b', user } }, { host }).mark;
    assert.equal(sftp('a', 'nas'), sftp('a', 'nas'));
    assert.equal(new Set([sftp('a', 'nas'), sftp('b', 'nas'), sftp('a', 'other')]).size, 3);
  });
});
