/** Repositories of borg that are not as they were, or are used by others; and how often borg is asked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../src/base/secret.ts';
import { initBorg, openBorg } from '../../src/engines/borg/open.ts';
import { sampleOf } from '../../src/engines/contract-sample.ts';
import { assertRestores, backUp, contentsOf, HOW, idsOf, SECOND } from '../../src/engines/contract-steps.ts';
import { TEST_PASSPHRASE, testBorg } from '../fixtures/borg-repository.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { childEnvironment, skipWithout } from '../fixtures/programs.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

describe('a borg repository', { skip: skipWithout('borg') }, () => {
  let folder = '';
  let base = '';
  let counting = '';
  const calls = () => join(folder, 'calls');
  /** What borg was called for since the last time. */
  const called = (): string => {
    const words = existsSync(calls()) ? readFileSync(calls(), 'utf8').trim().split('\n').join(' ') : '';
    rmSync(calls(), { force: true });
    return words;
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'surety-borg-odd-'));
    base = join(folder, 'base');
    counting = join(folder, 'counting');
    const verbs = 'list|create|extract|export-tar|import-tar|debug|check|delete|compact|init|with-lock';
    const count = `for word; do case $word in ${verbs}) echo $word >> ${calls()}; break;; esac; done`;
    writeFileSync(counting, `#!/bin/sh\n${count}\nexec borg "$@"\n`);
    chmodSync(counting, 0o755);
    const options = testBorg(join(folder, 'sample'), base);
    await initBorg(options, HOW);
    await using engine = await openBorg(options, HOW);
    await backUp(engine, sampleOf());
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is asked no more than once for what does not change, and again for what did', async () => {
    const options = testBorg(join(folder, 'sample'), base, { program: counting });
    await using engine = await openBorg(options, HOW);
    const [snapshot] = (await engine.list(HOW)).snapshots;
    for (let time = 0; time < 2; time++) assert.equal((await engine.facts(snapshot!, HOW))?.kind, 'sample');
    await using restoring = await engine.restore(snapshot!, HOW);
    assert.equal((await contentsOf(restoring)).failed.size, 0);
    assert.deepEqual(called().split(' ').slice(0, 4), ['list', 'extract', 'debug', 'export-tar']);
    {
      await using other = await openBorg({ ...options, program: 'borg' }, HOW);
      await backUp(other, sampleOf(), { how: { startedAt: SECOND } });
    }
    assert.equal((await idsOf(engine)).length, 2);
    assert.equal((await idsOf(engine)).length, 2);
    assert.equal(called(), 'list');
    await engine.forget([(await idsOf(engine))[1]!], HOW);
    assert.equal((await idsOf(engine)).length, 1);
    assert.equal(called(), 'delete list');
  });

  it('is copied into a repository of another kind and back, with one pass over each archive', async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    for (let at = 0; at < 20; at++) writeFileSync(join(data, `file ${at}`), noise(at, 5000));
    const borg = { type: 'borg', base_dir: './base', password: { env: 'BORG_PASSWORD' }, program: counting };
    const repositories = {
      first: { ...borg, path: './first' },
      vault: { type: 'restic', store: 'file:vault', password: { env: 'BORG_PASSWORD' } },
      second: { ...borg, path: './second' },
    };
    const sources = { media: { type: 'files', paths: ['data'] } };
    const jobs = { main: { sources: ['media'], to: ['first'] } };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify({ sources, repositories, jobs }));
    const surety = suretyHere(folder, { BORG_PASSWORD: 'secret words' });
    await surety.run('init');
    await surety.run('backup');
    called();
    await surety.run('copy', '--from', 'first', '--to', 'vault');
    assert.equal(called(), 'list extract debug export-tar');
    await surety.run('copy', '--from', 'vault', '--to', 'second');
    assert.equal(called(), 'list import-tar list check extract');
    const target = join(folder, 'restored');
    await surety.run('restore', 'latest', '--repository', 'second', '--target', target);
    assert.deepEqual(compareTrees(data, join(target, 'data')), []);
  });

  it('that is another one than was meant is not used, and nobody is asked', async () => {
    const options = testBorg(join(folder, 'moved'), base, { allowMoved: false });
    cpSync(join(folder, 'sample'), join(folder, 'moved'), { recursive: true });
    await assert.rejects(openBorg(options, HOW), { code: 'repository.failed', message: /from another place/ });
    const wrong = { ...testBorg(join(folder, 'sample'), base), password: new Secret('wrong') };
    await assert.rejects(openBorg(wrong, HOW), { code: 'repository.wrong-password' });
    const plain = testBorg(join(folder, 'plain'), join(folder, 'other-base'), {
      encryption: 'none',
      password: undefined,
    });
    await initBorg(plain, HOW);
    renameSync(join(folder, 'sample'), join(folder, 'hidden'));
    renameSync(join(folder, 'plain'), join(folder, 'sample'));
    try {
      const opening = openBorg(testBorg(join(folder, 'sample'), base), HOW);
      await assert.rejects(opening, { code: 'repository.failed', message: /is not encrypted/ });
    } finally {
      renameSync(join(folder, 'sample'), join(folder, 'plain'));
      renameSync(join(folder, 'hidden'), join(folder, 'sample'));
    }
  });

  it('that another borg holds is left to it, and taken when that was killed', async () => {
    const repository = join(folder, 'sample');
    const variables = {
      BORG_BASE_DIR: base,
      BORG_PASSPHRASE: TEST_PASSPHRASE,
      BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
    };
    const holder = spawn('borg', ['with-lock', repository, 'sleep', '30'], {
      env: childEnvironment(variables),
      stdio: 'ignore',
      detached: true,
    });
    try {
      while (!existsSync(join(repository, 'lock.exclusive'))) await sleep(20);
      await assert.rejects(openBorg(testBorg(repository, base), HOW), { code: 'repository.locked', retry: 'later' });
    } finally {
      process.kill(-holder.pid!, 'SIGKILL');
    }
    assert.ok(existsSync(join(repository, 'lock.exclusive')));
    await using engine = await openBorg(testBorg(repository, base), HOW);
    assert.equal((await idsOf(engine)).length, 1);
  });

  it('whose compaction is killed, and whose caches are gone, is whole', async () => {
    const killing = join(folder, 'killing');
    // It is killed as soon as it has written something.
    const written = 'find "$BORG_REPO/data" -type f -newer "$0.mark" | grep -q .';
    const watch = `: > "$0.mark"; borg "$@" & while kill -0 $! && ! ${written}; do sleep 0.01; done 2>/dev/null; kill -9 $!`;
    const kill = `case " $* " in *" compact "*) ${watch}; wait $!; exit;; esac`;
    writeFileSync(killing, `#!/bin/sh\n${kill}\nexec borg "$@"\n`);
    chmodSync(killing, 0o755);
    const options = testBorg(join(folder, 'compacted'), base, { program: killing });
    await initBorg(options, HOW);
    const large = sampleOf([{ path: 'home/very-large', bytes: noise(7, 6_000_000) }]);
    const pruning = { ...HOW, dryRun: false, maxUnused: 0 };
    {
      await using engine = await openBorg(options, HOW);
      const { snapshot } = await backUp(engine, large);
      await backUp(engine, sampleOf(), { how: { startedAt: SECOND } });
      await engine.forget([snapshot.id], HOW);
      await engine.prune(pruning).catch(({ message }: Error) => assert.match(message, /SIGKILL|137/));
    }
    rmSync(join(base, '.cache'), { recursive: true });
    await using engine = await openBorg({ ...options, program: 'borg' }, HOW);
    const [snapshot] = (await engine.list(HOW)).snapshots;
    await assertRestores(engine, snapshot!, sampleOf());
    await engine.prune(pruning);
    assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
  });
});
