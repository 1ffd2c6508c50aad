/** Mirrors where something goes wrong: files that may not be read, full disks, folders that are links, records that rot. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { HOW } from '../../src/engines/contract-steps.ts';
import { sampled } from '../../src/engines/mirror/folder/fill.ts';
import type { Entry } from '../../src/sources/source.ts';
import { noise } from '../fixtures/content.ts';
import { openTestMirror } from '../fixtures/mirror-repository.ts';
import { mirrorTree, restoreTree } from '../fixtures/mirrored-tree.ts';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import { mountSmallDisk } from './small-disk.ts';

const at = (day: number, hour = 4) => ({ startedAt: new Date(Date.UTC(2026, 2, day, hour)) });

interface Said {
  readonly warnings: readonly string[];
  readonly contents: readonly (readonly [string, string])[];
}

describe('a mirror', { skip: skipWithout('rsync') }, () => {
  const top = mkdtempSync(join(tmpdir(), 'surety-mirror-faults-'));
  let folder = '';
  let media = '';
  let count = 0;
  after(() => rmSync(top, { recursive: true, force: true }));
  beforeEach(() => {
    count += 1;
    folder = join(top, `mirror-${count}`);
    media = join(top, `source-${count}`, 'media');
    mkdirSync(join(media, 'sub'), { recursive: true });
    for (let number = 0; number < 20; number++) writeFileSync(join(media, 'sub', `file-${number}`), `text ${number}`);
  });
  const copies = () => readdirSync(join(folder, 'media')).sort();

  it('of one who may not read all loses nothing, and tells what it kept', { skip: skipUnlessRoot() }, async (test) => {
    const child = join(import.meta.dirname, 'children', 'mirror.ts');
    const own = join(top, 'nobody');
    mkdirSync(own);
    chmodSync(top, 0o755);
    chmodSync(own, 0o777);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const mayRead = await expectSuccess([...nobody, 'sh', '-c', 'test -r "$1" && echo yes || echo no', 'sh', child]);
    if (mayRead !== 'yes\n') return test.skip('the checkout can be read by its owner only');
    const said = JSON.parse(await expectSuccess([...nobody, process.execPath, child, own]));
    const names = ['closed/in', 'fixed/in', 'sub/changed', 'sub/gone', 'sub/other-name', 'sub/same'];
    for (const by of ['rsync', 'reading']) {
      const { first, closed, again, open } = said[by] as Record<string, Said>;
      assert.deepEqual(first, { ...first, warnings: [], contents: names.map((name) => [name, 'old']) }, by);
      for (const one of [closed, again]) {
        assert.deepEqual(one?.contents, first?.contents, by);
        assert.ok(one?.warnings.includes('entry.unreadable media/closed'), by);
        assert.ok(one?.warnings.includes('entry.unreadable media/sub/changed'), by);
      }
      assert.deepEqual(open?.warnings, [], by);
      assert.deepEqual(new Map(open?.contents).get('sub/other-name'), 'newer', by);
      await using engine = await openTestMirror(join(own, `${by}-copy`));
      assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
    }
  });

  it('loses nothing to a source that goes away while it is copied', { skip: skipUnlessRoot() }, async () => {
    await using disk = await mountSmallDisk('size=2m');
    const mounted = join(disk.path, 'media');
    cpSync(media, mounted, { recursive: true });
    const seen = join(top, 'mounted', 'media');
    mkdirSync(seen, { recursive: true });
    for (const by of ['rsync', 'reading'] as const) {
      const own = `${folder}-${by}`;
      await expectSuccess(['mount', '--bind', mounted, seen]);
      await mirrorTree(own, seen, { by });
      const unmount = () => execFileSync('umount', ['-l', seen]);
      await assert.rejects(mirrorTree(own, seen, { by, listed: unmount }), { code: 'source.unmounted' }, by);
      await assert.rejects(mirrorTree(own, seen, { by }), { code: 'source.unmounted' }, by);
      assert.deepEqual(readdirSync(join(own, 'media')), ['latest']);
    }
  });

  it('loses no more than its share to files that vanish before they are read', async () => {
    await mirrorTree(folder, media);
    const listed = () => renameSync(join(media, 'sub'), join(media, 'elsewhere'));
    await assert.rejects(mirrorTree(folder, media, { listed }), { code: 'repository.too-many-deletions' });
    assert.equal(readdirSync(join(folder, 'media', 'latest', 'media', 'sub')).length, 20);
  });

  it('of another host is what it was when the line breaks, and is worth another attempt', async () => {
    const shell = (script: string) => ({ argv: ['sh', '-c', script, 'ssh'], destination: 'main', env: {} });
    await mirrorTree(folder, media, { shell: shell('shift; exec "$@"') });
    for (let number = 0; number < 20; number++)
      writeFileSync(join(media, 'sub', `file-${number}`), noise(number, 5000));
    for (const script of ['exit 255', 'shift; exec "$@" < /dev/null']) {
      const broken = mirrorTree(folder, media, { shell: shell(script) });
      await assert.rejects(broken, { code: 'repository.failed', retry: 'later' }, script);
    }
    assert.deepEqual(
      [copies(), readFileSync(join(folder, 'media/latest/media/sub/file-1'), 'utf8')],
      [['latest'], 'text 1'],
    );
    await mirrorTree(folder, media, { shell: shell('shift; exec "$@"') });
    await using engine = await openTestMirror(folder);
    assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
  });

  it('on a disk that gets full is what it was before', { skip: skipUnlessRoot() || skipWithout('mount') }, async () => {
    await using disk = await mountSmallDisk('size=2m');
    const small = join(disk.path, 'copy');
    for (const by of ['rsync', 'reading'] as const) {
      rmSync(join(media, 'large'), { force: true });
      await mirrorTree(small, media, { by });
      writeFileSync(join(media, 'large'), noise(1, 3 << 20));
      await assert.rejects(mirrorTree(small, media, { by }), { code: 'store.full' }, by);
      assert.deepEqual(readdirSync(join(small, 'media')), ['latest'], by);
      await using engine = await openTestMirror(small);
      assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
    }
  });

  it('whose file system keeps no attributes says so, and gives them back', {
    skip: skipUnlessRoot() || skipWithout('mount', 'setfattr', 'getfattr'),
  }, async () => {
    const plain = join(top, 'ram');
    mkdirSync(plain);
    await expectSuccess(['mount', '-t', 'ramfs', 'surety-test', plain]);
    try {
      await expectSuccess(['setfattr', '-n', 'user.note', '-v', 'kept', join(media, 'sub/file-1')]);
      const { warnings, snapshot } = await mirrorTree(join(plain, 'copy'), media);
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ['attribute.unwritable'],
      );
      await using engine = await openTestMirror(join(plain, 'copy'));
      const target = join(top, 'attributes');
      mkdirSync(target);
      assert.deepEqual(await restoreTree(engine, snapshot.id, target), []);
      const value = await expectSuccess([
        'getfattr',
        '--only-values',
        '-n',
        'user.note',
        join(target, 'media/sub/file-1'),
      ]);
      assert.equal(value, 'kept');
    } finally {
      await expectSuccess(['umount', plain]);
    }
  });

  it('compares what goes with the last run, and shares content with it, also where copies rotate', async () => {
    const options = { rotate: ['day_of_week'] } as const;
    const run = async (day: number) => (await mirrorTree(folder, media, { how: at(day), options })).stats;
    await run(2);
    writeFileSync(join(media, 'sub/file-1'), 'another text');
    await run(8);
    assert.equal((await run(9)).addedBytes, 0);
    for (let number = 100; number < 140; number++) writeFileSync(join(media, `more-${number}`), '');
    await run(10);
    for (let number = 100; number < 140; number++) rmSync(join(media, `more-${number}`));
    await assert.rejects(run(11), { code: 'repository.too-many-deletions' });
  });

  it('that is killed while the copy of a month is replaced has that of the year before', async () => {
    const options = { rotate: ['first_of_month'] } as const;
    await mirrorTree(folder, media, { how: at(2), options });
    writeFileSync(join(media, 'sub/file-1'), 'a year later');
    const month = join(folder, 'media', '03-March');
    renameSync(month, `${month}.old-00000000`);
    mkdirSync(join(month, 'media'), { recursive: true });
    {
      await using engine = await openTestMirror(folder, options);
      const problems = async () => (await engine.verify({ ...HOW, depth: 'data' })).problems;
      assert.deepEqual(await problems(), []);
      const target = join(top, 'last-year');
      mkdirSync(target);
      assert.deepEqual(await restoreTree(engine, 'media_03-March_20260302_040000', target), []);
      await mirrorTree(folder, media, { how: at(3), options });
      assert.deepEqual([copies(), await problems()], [['03-March', 'latest'], []]);
    }
    assert.equal(readFileSync(join(month, 'media/sub/file-1'), 'utf8'), 'text 1');
    await mirrorTree(folder, media, { how: { startedAt: new Date('2027-03-01T04:00:00Z') }, options });
    assert.equal(readFileSync(join(month, 'media/sub/file-1'), 'utf8'), 'a year later');
  });

  it('that is a link to a folder is put right after a kill all the same', async () => {
    mkdirSync(join(top, `real-${count}`));
    symlinkSync(join(top, `real-${count}`), folder);
    await mirrorTree(folder, media);
    renameSync(join(folder, 'media', 'latest'), join(folder, 'media', 'latest.old-00000000'));
    await using engine = await openTestMirror(folder);
    assert.deepEqual((await engine.list(HOW)).incomplete, ['media/latest.old-00000000']);
    assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
    await mirrorTree(folder, media);
    assert.deepEqual(copies(), ['latest']);
  });

  it('does not swallow itself, whatever way it came into its source', async () => {
    mkdirSync(join(media, 'inside'));
    symlinkSync(join(media, 'inside'), folder);
    await assert.rejects(mirrorTree(folder, media), { code: 'repository.cannot', message: /inside of source media/ });
  });

  it('with a record or a list that rots tells so, and is made anew with --read-all', async () => {
    await mirrorTree(folder, media);
    const records = join(folder, '.surety', 'media');
    for (const ending of ['.entries.gz', '.json']) {
      const rotten = join(records, readdirSync(records).find((name) => name.endsWith(ending)) ?? '');
      chmodSync(rotten, 0o600);
      writeFileSync(rotten, 'rot');
      await assert.rejects(mirrorTree(folder, media), { code: 'repository.damaged' });
      await mirrorTree(folder, media, { how: { force: true } });
      await mirrorTree(folder, media);
      assert.deepEqual([readdirSync(records).length, copies()], [2, ['latest']]);
      await using engine = await openTestMirror(folder);
      assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
    }
  });

  it('leaves foreign files beside the copies alone, and tells of a copy that somebody removed', async () => {
    const { snapshot } = await mirrorTree(folder, media);
    writeFileSync(join(folder, 'README'), 'mine');
    writeFileSync(join(folder, 'media', 'notes'), 'mine');
    await mirrorTree(folder, media);
    assert.deepEqual([existsSync(join(folder, 'README')), copies()], [true, ['latest', 'notes']]);
    rmSync(join(folder, 'media', 'latest'), { recursive: true });
    await using engine = await openTestMirror(folder);
    const { problems } = await engine.verify({ ...HOW, depth: 'structure' });
    assert.deepEqual([problems.length, problems[0]?.code], [20, 'archive.missing']);
    assert.notEqual(snapshot.id, '');
    await mirrorTree(folder, media);
    assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
  });

  it('is forgotten only if it is still the one that was meant', async () => {
    const { snapshot } = await mirrorTree(folder, media, { how: at(2) });
    await mirrorTree(folder, media, { how: at(3) });
    await using engine = await openTestMirror(folder);
    await engine.forget([snapshot.id], HOW);
    assert.equal((await engine.list(HOW)).snapshots.length, 1);
    assert.deepEqual(copies(), ['latest']);
  });

  it('takes no more of a line than its limit, whoever carries the files, and when they are restored', async () => {
    writeFileSync(join(media, 'large'), noise(2, 500_000));
    for (const by of ['rsync', 'reading'] as const) {
      const startedMs = performance.now();
      await mirrorTree(`${folder}-${by}`, media, { by, rate: 500_000 });
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs > 700, `${by}: ${tookMs} ms`);
    }
    await using engine = await openTestMirror(`${folder}-rsync`, {}, 1_000_000);
    const [snapshot] = (await engine.list(HOW)).snapshots;
    const target = join(top, 'slowly');
    mkdirSync(target);
    const startedMs = performance.now();
    assert.deepEqual(await restoreTree(engine, snapshot?.id ?? '', target), []);
    assert.ok(performance.now() - startedMs > 450);
    assert.equal(statSync(join(target, 'media/large')).size, 500_000);
  });

  it('finds a rotten file in one run with the probability of its sample', () => {
    const entries = Array.from({ length: 40 }, (_, number) => ({ path: `${number}`, type: 'file' }) as Entry);
    const files = new Map(entries.map(({ path }) => [path, {} as never]));
    const found = new Map(entries.map(({ path }) => [path, 0]));
    const runs = 4000;
    for (let run = 0; run < runs; run++) {
      const sample = sampled(entries, files, 10);
      assert.equal(new Set(sample).size, 10);
      for (const { path } of sample) found.set(path, found.get(path)! + 1);
    }
    // A quarter, within six standard deviations.
    for (const [path, times] of found) assert.ok(Math.abs(times / runs - 0.25) < 0.042, `${path}: ${times}`);
  });
});
