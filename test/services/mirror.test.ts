import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { plainClient } from '../fixtures/s3-store.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

interface Listed {
  readonly repositories: readonly { readonly snapshots: readonly { readonly source: string }[] }[];
}

describe('mirrors', { skip: skipWithout(...SSH_PROGRAMS, 'rsync') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-mirrors-'));
  const media = join(folder, 'media');
  let server: SshServer;
  let surety: Surety;
  before(async () => {
    server = await startSshServer();
    mkdirSync(join(media, 'deep', 'er'), { recursive: true });
    for (let at = 0; at < 30; at++) writeFileSync(join(media, 'deep', `picture-${at}.png`), `pixels ${at}`);
    writeFileSync(join(media, "it's odd\n"), 'odd');
    symlinkSync('deep/picture-1.png', join(media, 'newest'));
    const shop = new DatabaseSync(join(folder, 'shop.db'));
    shop.exec('CREATE TABLE things (id); INSERT INTO things VALUES (1), (2)');
    shop.close();
    const { port, user, identityFile, knownHosts } = server;
    const options = { identity_file: identityFile, known_hosts: knownHosts };
    const configuration = {
      hosts: { main: { ssh: `${user}@127.0.0.1:${port}`, ...options } },
      sources: {
        media: { type: 'files', paths: [media] },
        far: { type: 'files', host: 'main', paths: [media] },
        shop: { type: 'sqlite', path: 'shop.db' },
      },
      repositories: {
        copy: { type: 'mirror', store: `file:${join(folder, 'copy')}` },
        pushed: {
          type: 'mirror',
          store: { sftp: { host: '127.0.0.1', port, user, path: join(folder, 'pushed'), ...options } },
        },
        vault: { type: 'archive', store: `file:${join(folder, 'plain')}` },
      },
      jobs: {
        here: { sources: ['media', 'shop'], to: ['copy'], keep: { last: 1 } },
        pull: { sources: ['far'], to: ['copy', 'vault'] },
        push: { sources: ['media'], to: ['pushed'] },
        wrong: { sources: ['shop'], to: ['pushed'] },
      },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
    surety = suretyHere(folder);
    await surety.run('init');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('have what folders and databases have now, and give it back', async () => {
    await surety.run('backup', 'here');
    assert.deepEqual(compareTrees(media, join(folder, 'copy', 'media', 'latest', media)), []);
    writeFileSync(join(media, 'deep', 'picture-2.png'), 'other pixels');
    const { stderr, code } = await surety.attempt('backup', 'here');
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /is gone/);
    const { repositories } = (await surety.json('list', '--repository', 'copy')) as Listed;
    const sources = repositories.flatMap(({ snapshots }) => snapshots.map(({ source }) => source));
    assert.deepEqual(sources.sort(), ['media', 'shop']);
    await surety.run('verify', '--repository', 'copy', '--read-data');
    const target = join(folder, 'restored');
    await surety.run('restore', 'latest', '--source', 'media', '--repository', 'copy', '--target', target, '--force');
    assert.deepEqual(compareTrees(media, join(target, media)), []);
    await surety.run('restore', 'latest', '--source', 'shop', '--as', join(folder, 'again.db'), '--force');
    const again = new DatabaseSync(join(folder, 'again.db'));
    assert.deepEqual({ ...again.prepare('SELECT count(*) AS many FROM things').get() }, { many: 2 });
    again.close();
    await surety.run('cleanup');
    assert.ok(existsSync(join(folder, 'copy', 'media', 'latest')));
  });

  it('are pulled from a host by rsync, also where another repository takes the same reading', async () => {
    const { code, stderr } = await surety.attempt('backup', 'pull');
    assert.equal(code, 0, stderr);
    assert.deepEqual(compareTrees(media, join(folder, 'copy', 'far', 'latest', media)), []);
    writeFileSync(join(media, 'deep', 'picture-3.png'), 'newer');
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(media, 'deep', 'picture-4.png')]);
    await surety.run('backup', 'pull');
    assert.deepEqual(compareTrees(media, join(folder, 'copy', 'far', 'latest', media)), []);
    const target = join(folder, 'pulled');
    await surety.run('restore', 'latest', '--source', 'far', '--repository', 'copy', '--target', target, '--force');
    assert.deepEqual(compareTrees(media, join(target, media)), []);
    await surety.run('verify', '--repository', 'copy', '--read-data');
  });

  it('are pushed to a host by rsync, checked there and read back from there', async () => {
    await surety.run('backup', 'push');
    assert.deepEqual(compareTrees(media, join(folder, 'pushed', 'media', 'latest', media)), []);
    await surety.run('verify', '--repository', 'pushed', '--read-data');
    const target = join(folder, 'back');
    await surety.run('restore', 'latest', '--source', 'media', '--repository', 'pushed', '--target', target, '--force');
    assert.deepEqual(compareTrees(media, join(target, media)), []);
    writeFileSync(join(folder, 'pushed', 'media', 'latest', media, 'deep', 'picture-9.png'), 'PIXELS 9');
    const { code, stdout } = await surety.attempt('verify', '--repository', 'pushed', '--read-data');
    assert.equal(code, 1);
    assert.match(stdout, /picture-9\.png/);
    const refused = await surety.attempt('backup', 'wrong');
    assert.equal(refused.code, 1);
    assert.match(refused.stdout + refused.stderr, /can not be mirrored/);
  });
});

describe('a mirror in a bucket', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-bucket-'));
  let ceph: CephServer;
  before(async () => {
    ceph = await startCeph();
  });
  after(async () => {
    await ceph[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has an object for each file, loses those that are gone, and is restored with its metadata', async () => {
    const media = join(folder, 'media');
    mkdirSync(media);
    for (const name of ['a.png', 'b c.png', 'd__e', 'ü', 'gone']) writeFileSync(join(media, name), name);
    const place = { bucket: 'mirror', prefix: 'deep', endpoint: ceph.tlsEndpoint, ca_file: ceph.caFile };
    const keys = { access_key_id: ceph.accessKeyId, secret_access_key: { env: 'S3_SECRET' } };
    const configuration = {
      sources: { media: { type: 'files', paths: ['media'] } },
      repositories: { copy: { type: 'mirror', store: { s3: { ...place, ...keys } } } },
    };
    const slow = { type: 'mirror', store: { s3: { ...place, prefix: 'slow', ...keys } }, limit: '150KiB/s' };
    writeFileSync(join(folder, 'slow.yaml'), JSON.stringify({ ...configuration, repositories: { slow } }));
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
    const surety = suretyHere(folder, { S3_SECRET: ceph.secretAccessKey });
    await surety.run('init');
    await surety.run('backup');
    rmSync(join(media, 'gone'));
    writeFileSync(join(media, 'a.png'), 'changed', { mode: 0o600 });
    await surety.run('backup');
    const client = plainClient(ceph);
    const { Contents = [] } = await client.listObjectsV2({ Bucket: 'mirror', Prefix: 'deep/media/' });
    const names = Contents.map(({ Key = '' }) => Key.replace('deep/media/latest/media/', '')).sort();
    assert.deepEqual(names, ['__c3__bc', 'a.png', 'b__20c.png', 'd__5f_e']);
    const object = await client.getObject({ Bucket: 'mirror', Key: 'deep/media/latest/media/a.png' });
    assert.equal(await object.Body?.transformToString(), 'changed');
    await surety.run('verify', '--read-data');
    await surety.run('restore', 'latest', '--target', join(folder, 'back'), '--force');
    assert.deepEqual(compareTrees(media, join(folder, 'back', 'media')), []);
    writeFileSync(join(media, 'large'), Buffer.alloc(200_000, 'x'));
    await surety.run('init', '--config', join(folder, 'slow.yaml'));
    const startedMs = performance.now();
    await surety.run('backup', '--config', join(folder, 'slow.yaml'));
    assert.ok(performance.now() - startedMs > 1200, 'it takes no more of the line than its limit');
    await client.putObject({ Bucket: 'mirror', Key: 'deep/media/latest/media/a.png', Body: 'CHANGED' });
    client.destroy();
    const { code } = await surety.attempt('verify', '--read-data');
    assert.equal(code, 1);
    const failed = await surety.attempt('restore', 'latest', '--target', join(folder, 'worse'), '--force');
    assert.notEqual(failed.code, 0);
    assert.equal(readFileSync(join(folder, 'worse', 'media', 'b c.png'), 'utf8'), 'b c.png');
    assert.ok(!existsSync(join(folder, 'worse', 'media', 'a.png')));
  });
});
