/** Repositories of borg through the command line: over SSH, with faults, and copied from and into other kinds. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { initBorg, openBorg } from '../../src/engines/borg/open.ts';
import { sampleOf } from '../../src/engines/contract-sample.ts';
import { assertRestores, backUp, HOW, idsOf, SECOND } from '../../src/engines/contract-steps.ts';
import { mountSmallDisk } from '../faults/small-disk.ts';
import { testBorg } from '../fixtures/borg-repository.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

interface Listed {
  readonly repositories: readonly {
    readonly snapshots: readonly { readonly source: string; readonly paths: readonly string[] }[];
  }[];
}

describe('a borg repository over SSH', { skip: skipWithout('borg', ...SSH_PROGRAMS) }, () => {
  let folder = '';
  let data = '';
  let server: SshServer;
  let surety: Surety;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'surety-borg-ssh-'));
    data = join(folder, 'data');
    server = await startSshServer({ sftp: 'none', lines: [`ForceCommand borg serve --restrict-to-path ${folder}`] });
    mkdirSync(join(data, 'deep'), { recursive: true });
    for (let at = 0; at < 2; at++) writeFileSync(join(data, 'deep', `file ${at}`), noise(at, 20_000));
    const { port, user, identityFile, knownHosts } = server;
    const sftp = { host: '127.0.0.1', port, user, identity_file: identityFile, known_hosts: knownHosts };
    const password = { env: 'BORG_PASSWORD' };
    const far = { type: 'borg', compression: 'zstd,22', base_dir: './borg-base', password };
    const sources = { media: { type: 'files', paths: ['data'] } };
    const repositories = {
      far: { ...far, store: { sftp: { ...sftp, path: join(folder, 'far') } } },
      plain: { type: 'archive', store: `file:${join(folder, 'plain')}` },
      second: { ...far, compression: 'lz4', path: join(folder, 'second') },
    };
    const jobs = { main: { sources: ['media'], to: ['far'], keep: { last: 1 } } };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify({ sources, repositories, jobs }));
    const wrong = {
      outside: { ...far, store: { sftp: { ...sftp, path: '/nowhere/else' } } },
      stranger: { ...far, store: { sftp: { ...sftp, path: '/far', identity_file: server.strangerFile } } },
    };
    writeFileSync(join(folder, 'wrong.yaml'), JSON.stringify({ repositories: wrong }));
    surety = suretyHere(folder, { BORG_PASSWORD: 'secret words' });
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is made, filled, verified, restored and copied, with nothing on the other side but borg serve', async () => {
    await surety.run('init');
    await surety.run('backup');
    const target = join(folder, 'restored');
    await surety.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(data, join(target, 'data')), []);
    await surety.run('copy', '--from', 'far', '--to', 'plain');
    await surety.run('copy', '--from', 'plain', '--to', 'second');
    await surety.run('verify', '--repository', 'far', '--read-data');
    const { repositories } = await surety.json<Listed>('list', '--repository', 'second');
    assert.deepEqual(
      repositories.flatMap(({ snapshots }) => snapshots.map(({ source, paths }) => [source, paths])),
      [['media', ['data']]],
    );
    const again = join(folder, 'from-second');
    await surety.run('restore', 'latest', '--repository', 'second', '--target', again);
    assert.deepEqual(compareTrees(data, join(again, 'data')), []);
    assert.match(await surety.run('keys', 'export', '--repository', 'far'), /^BORG_KEY [0-9a-f]{64}\n/);
  });

  it('tells who is not let in, and which folder is not allowed', async () => {
    const { code, stdout, stderr } = await surety.attempt('list', '--config', join(folder, 'wrong.yaml'));
    assert.equal(code, 1);
    assert.match(stdout + stderr, /does not let us in: .*Permission denied/);
    assert.match(stdout + stderr, /Repository path not allowed/);
    assert.doesNotMatch(stdout + stderr, /secret words|Traceback/);
  });
});

describe('a borg repository with faults', { skip: skipWithout('borg') }, () => {
  let folder = '';
  let base = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-borg-faults-'));
    base = join(folder, 'base');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is whole after its borg was killed in the midst, and the next backup waits for nobody', async () => {
    const repository = join(folder, 'killed');
    const options = testBorg(repository, base);
    await initBorg(options, HOW);
    await using engine = await openBorg(options, HOW);
    const started = join(repository, 'lock.exclusive');
    async function* endless() {
      for (let at = 0; ; at++) {
        yield noise(at, 100_000);
        if (at < 20 || !existsSync(started)) continue;
        // Whoever holds the lock is named in it: host, process, thread.
        for (const holder of readdirSync(started))
          process.kill(Number(/\.(\d+)-[0-9a-f]+$/.exec(holder)?.[1]), 'SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    const content = () => ({ kind: 'stream', chunks: endless() }) as const;
    await assert.rejects(backUp(engine, sampleOf(), { reading: { content } }), {
      message: /SIGKILL/,
    });
    assert.equal(readdirSync(started).length, 1);
    assert.equal(await engine.unlock({ ...HOW, all: false }), 1);
    assert.deepEqual(await idsOf(engine), []);
    const { snapshot } = await backUp(engine, sampleOf(), { how: { startedAt: SECOND } });
    await assertRestores(engine, snapshot, sampleOf());
    assert.deepEqual((await engine.verify({ ...HOW, depth: 'structure' })).problems, []);
  });

  it('on a full disk stays as it was', { skip: skipUnlessRoot() || skipWithout('mount') }, async () => {
    await using disk = await mountSmallDisk('size=3m');
    const options = testBorg(join(disk.path, 'repository'), base);
    await initBorg(options, HOW);
    await using engine = await openBorg(options, HOW);
    const content = () => ({ kind: 'stream', chunks: pieces(80) }) as const;
    await assert.rejects(backUp(engine, sampleOf(), { reading: { content } }), { code: 'store.full' });
    assert.deepEqual(await idsOf(engine), []);
  });

  async function* pieces(count: number) {
    for (let at = 0; at < count; at++) yield noise(at, 100_000);
  }
});
