import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type AzuriteServer, startAzurite } from '../fixtures/azurite-server.ts';
import { type GcsServer, startGcsServer } from '../fixtures/gcs-server.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { suretyIn } from '../fixtures/surety.ts';

const KINDS = ['azure-restic', 'azure-archive', 'gcs-restic', 'gcs-archive'];

interface Listed {
  readonly repositories: readonly { readonly snapshots: readonly unknown[] }[];
}

describe('repositories in Azure and Google Cloud', () => {
  let azurite: AzuriteServer;
  let gcs: GcsServer;
  let project: Project;
  let surety: Project['surety'];
  const content = Buffer.alloc(300_000, 'what has to come back ');

  before(async () => {
    [azurite, gcs] = await Promise.all([startAzurite(), startGcsServer()]);
    const azure = (prefix: string) => ({
      azure: { container: 'backups', prefix, endpoint: azurite.endpoint(), account_key: { env: 'AZURE_KEY' } },
    });
    const google = (prefix: string) => ({
      gcs: { bucket: 'backups', prefix, endpoint: gcs.endpoint, project_id: 'project', part_size: '256KiB' },
    });
    const password = { env: 'VAULT_PASSWORD' };
    project = makeProject({
      keep: { last: 1 },
      repositories: {
        'azure-restic': { type: 'restic', store: azure('restic'), password },
        'azure-archive': { type: 'archive', store: azure('archive') },
        'gcs-restic': { type: 'restic', store: google('restic'), password },
        'gcs-archive': { type: 'archive', store: google('archive') },
      },
    });
    writeFileSync(join(project.folder, 'proof'), gcs.tokens.proof);
    const credentials = join(project.folder, 'google.json');
    const identity = gcs.tokens.workload(gcs.endpoint, join(project.folder, 'proof'));
    writeFileSync(credentials, JSON.stringify(identity), { mode: 0o600 });
    const env = { ...project.environment, AZURE_KEY: azurite.accountKey, GOOGLE_APPLICATION_CREDENTIALS: credentials };
    surety = suretyIn(project.folder, { env });
    mkdirSync(project.data);
    writeFileSync(join(project.data, 'big'), content);
    writeFileSync(join(project.data, 'small'), 'first');
  });
  after(async () => {
    await project[Symbol.asyncDispose]();
    await azurite[Symbol.asyncDispose]();
    await gcs[Symbol.asyncDispose]();
  });

  test('are made, written to, verified, cleaned up and restored from like any other', async () => {
    await surety.run('init');
    await surety.run('backup');
    appendFileSync(join(project.data, 'small'), ' and second');
    await surety.run('backup');
    await surety.run('verify', '--read-data');
    await surety.run('cleanup');
    const listed = await surety.json<Listed>('list');
    assert.deepEqual(
      listed.repositories.map(({ snapshots }) => snapshots.length),
      [1, 1, 1, 1, 1],
    );
    const restore = async (repository: string) => {
      const target = project.newTarget();
      await surety.run('restore', 'latest', '--repository', repository, '--target', target);
      assert.ok(content.equals(readFileSync(join(target, project.data, 'big'))), repository);
      assert.equal(readFileSync(join(target, project.data, 'small'), 'utf8'), 'first and second', repository);
    };
    await Promise.all(KINDS.map(restore));
    assert.ok([...(gcs.buckets.get('backups')?.objects.keys() ?? [])].includes('restic/config'));
  });

  test('say what to do when nobody is let in, and show no secret', async () => {
    const env = { ...project.environment, AZURE_KEY: Buffer.from('a wrong key').toString('base64') };
    const stranger = suretyIn(project.folder, { env });
    const { code, stdout, stderr } = await stranger.attempt('list', '--repository', 'azure-restic');
    assert.equal(code, 1);
    const said = stdout + stderr;
    assert.match(said, /azure:\/\/backups\/restic/);
    assert.match(said, /check the account, its key/);
    assert.equal(said.includes(env.AZURE_KEY), false);
  });
});
