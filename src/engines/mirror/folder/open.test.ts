import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { openTestMirror } from '../../../../test/fixtures/mirror-repository.ts';
import type { RemoteShell } from '../../../reach/reach.ts';
import { openFiles } from '../../../sources/files/open.ts';
import { filesOptions } from '../../../sources/files/options.ts';
import type { Warning } from '../../../sources/source.ts';
import type { BackupHow, BackupResult, Engine } from '../../engine.ts';
import type { OpenOptions } from '../open.ts';

const HOW = { signal: new AbortController().signal };

/** A tree that a program reads by itself, and one that only the reading hands out: both end as the same copy. */
for (const by of ['rsync', 'reading'] as const) {
  describe(`a mirror in a folder, made by ${by}`, () => {
    const top = mkdtempSync(join(tmpdir(), 'surety-mirror-'));
    let folder: string;
    let media: string;
    let count = 0;
    let shell: RemoteShell | undefined;
    after(() => rmSync(top, { recursive: true, force: true }));
    beforeEach(() => {
      folder = join(top, `mirror-${++count}`);
      media = join(top, `source-${count}`, 'media');
      mkdirSync(join(media, 'sub'), { recursive: true });
      for (let number = 0; number < 40; number++) writeFileSync(join(media, 'sub', `file-${number}`), `text ${number}`);
      writeFileSync(join(media, 'odd \n name'), 'odd');
    });

    async function mirrored(
      how: Partial<BackupHow> = {},
      options: Partial<OpenOptions> = {},
      finish?: () => Promise<never>,
      base = join(media, '..'),
    ): Promise<BackupResult & { warnings: Warning[] }> {
      await using engine = await openTestMirror(folder, options);
      const { snapshots } = await engine.list(HOW);
      const previous = snapshots[0] && (await engine.facts(snapshots[0], HOW));
      const source = openFiles({
        ...{ name: 'media', host: 'here', baseDir: base },
        options: filesOptions({ paths: [base === media ? '.' : 'media'] }),
      });
      const warnings: Warning[] = [];
      const warn = (warning: Warning) => void warnings.push(warning);
      await using read = await source.read({ ...HOW, warn, previous });
      const tree = { shell, locate: (path: string) => join(base, path) };
      const reading = Object.assign(Object.create(read), {
        entries: () => read.entries(),
        xattrs: read.xattrs.bind(read),
        content: read.content.bind(read),
        finish: finish ?? (() => read.finish()),
        tree: by === 'rsync' ? tree : undefined,
      });
      const result = await engine.backup(reading, {
        ...{ ...HOW, warn, kind: 'files', source: 'media', tags: [], recoveryPoint: 'point', excludes: [] },
        ...{ startedAt: new Date('2026-03-02T04:04:00Z'), ...how },
      });
      return { ...result, warnings };
    }

    const copy = (name = 'latest') => join(folder, 'media', name, 'media');

    function same(left: string, right: string): void {
      const argv = ['-aHAXn', '--checksum', '--delete', '--itemize-changes', `${left}/`, `${right}/`];
      assert.equal(execFileSync('rsync', argv, { encoding: 'utf8' }), '');
    }

    it('has all a file system can hold, and links what did not change', async () => {
      symlinkSync('sub/file-1', join(media, 'link'));
      linkSync(join(media, 'sub/file-1'), join(media, 'other-name'));
      chmodSync(join(media, 'sub/file-2'), 0o4751);
      execFileSync('mkfifo', [join(media, 'pipe')]);
      execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(media, 'sub/file-3')]);
      writeFileSync(join(media, 'holes'), 'x');
      truncateSync(join(media, 'holes'), 1 << 20);
      utimesSync(join(media, 'sub'), 1000, 2000);
      const first = await mirrored();
      same(media, copy());
      assert.ok(lstatSync(join(copy(), 'holes')).blocks < 300, 'holes stay holes');
      assert.deepEqual([first.stats.filesNew, first.stats.filesUnmodified], [43, 0]);
      const inode = lstatSync(join(copy(), 'sub/file-4')).ino;
      writeFileSync(join(media, 'sub/file-5'), 'changed');
      rmSync(join(media, 'sub/file-6'));
      const second = await mirrored({ startedAt: new Date('2026-03-03T04:04:00Z') });
      same(media, copy());
      assert.equal(lstatSync(join(copy(), 'sub/file-4')).ino, inode, 'the same file, not another one');
      assert.deepEqual([second.stats.filesNew, second.stats.filesChanged, second.stats.filesUnmodified], [0, 1, 41]);
      assert.ok(second.stats.addedBytes < 100);
      assert.deepEqual(readdirSync(join(folder, 'media')), ['latest'], 'nothing else is left');
      await using engine = await openTestMirror(folder);
      assert.equal((await engine.list(HOW)).snapshots.length, 1);
      assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
    });

    it('is restored with its metadata, and what was changed in it is not handed out', async () => {
      chmodSync(join(media, 'sub/file-2'), 0o640);
      await mirrored();
      writeFileSync(join(copy(), 'sub/file-7'), 'TEXT 7');
      await using engine = await openTestMirror(folder);
      const [snapshot] = (await engine.list(HOW)).snapshots;
      assert.deepEqual(
        (await engine.verify({ ...HOW, depth: 'data' })).problems.map(({ key }) => key),
        ['media/latest/media/sub/file-7'],
      );
      const target = join(top, `restored-${count}`);
      const failed = await restored(engine, snapshot!.id, target);
      assert.deepEqual(failed, ['media/sub/file-7']);
      assert.equal(readFileSync(join(target, 'media/odd \n name'), 'utf8'), 'odd');
      assert.equal(lstatSync(join(target, 'media/sub/file-2')).mode & 0o777, 0o640);
    });

    it('loses nothing to an emptied source, and no more than the share that may go', async () => {
      await mirrored();
      const kept = readdirSync(join(copy(), 'sub')).length;
      for (let number = 0; number < 20; number++) rmSync(join(media, 'sub', `file-${number}`));
      await assert.rejects(mirrored(), { code: 'repository.too-many-deletions' });
      assert.equal(readdirSync(join(copy(), 'sub')).length, kept);
      await mirrored({}, { maxDelete: 1 });
      assert.equal(readdirSync(join(copy(), 'sub')).length, kept - 20);
      rmSync(join(media, 'sub'), { recursive: true });
      rmSync(join(media, 'odd \n name'));
      await assert.rejects(mirrored({}, { maxDelete: 1 }), { code: 'source.empty' });
      assert.equal(readdirSync(join(copy(), 'sub')).length, kept - 20);
    });

    it('rotates by the day of the week, and keeps the first of each month', async () => {
      const rotate = { rotate: ['day_of_week', 'first_of_month'] as const };
      const days = ['2026-03-02', '2026-03-03', '2026-03-09', '2026-04-01'];
      const replaced: string[] = [];
      for (const [at, day] of days.entries()) {
        writeFileSync(join(media, 'sub/file-1'), `day ${at}`);
        const replacing = (ids: readonly string[]) => void replaced.push(...ids);
        await mirrored({ startedAt: new Date(`${day}T04:04:00Z`), replacing }, rotate);
      }
      const copies = readdirSync(join(folder, 'media')).sort();
      assert.deepEqual(copies, ['03-March', '04-April', '1-Monday', '2-Tuesday', '3-Wednesday']);
      const said = (name: string) => readFileSync(join(copy(name), 'sub/file-1'), 'utf8');
      assert.deepEqual(copies.map(said), ['day 0', 'day 3', 'day 2', 'day 1', 'day 3']);
      assert.deepEqual(replaced, ['media_1-Monday_20260302_040400']);
      await using engine = await openTestMirror(folder, rotate);
      assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
      const { snapshots } = await engine.list(HOW);
      assert.equal(snapshots.length, 5);
      await engine.forget(['media_03-March_20260302_040400'], HOW);
      assert.deepEqual(readdirSync(join(folder, 'media')).sort(), copies.slice(1));
    });

    it('is written as it is read where the other host has no rsync', { skip: by !== 'rsync' }, async () => {
      // What a shell there ends with.
      shell = { argv: ['sh', '-c', 'echo bash: rsync: command not found >&2', 'ssh'], destination: 'main', env: {} };
      try {
        await mirrored();
      } finally {
        shell = undefined;
      }
      same(media, copy());
    });

    it('is not taken back to an older state by a copy', async () => {
      await mirrored({ startedAt: new Date('2026-03-03T04:04:00Z') });
      const older = mirrored({ isCopy: true, startedAt: new Date('2026-03-02T04:04:00Z') });
      await assert.rejects(older, { code: 'repository.cannot' });
      await mirrored({ isCopy: true, startedAt: new Date('2026-03-04T04:04:00Z') });
    });

    it('has what a list takes for a comment', async () => {
      for (const name of ['#hash', ';semicolon']) writeFileSync(join(media, name), name);
      await mirrored({}, {}, undefined, media);
      assert.deepEqual(readdirSync(join(folder, 'media', 'latest')).sort(), readdirSync(media).sort());
    });

    it('has its own content again where size and time do not tell that it changed', {
      skip: by !== 'rsync',
    }, async () => {
      const times = [1000, 1000] as const;
      for (const number of [3, 5]) utimesSync(join(media, `sub/file-${number}`), ...times);
      await mirrored();
      writeFileSync(join(media, 'sub/file-3'), 'TEXT 3');
      utimesSync(join(media, 'sub/file-3'), ...times);
      writeFileSync(join(copy(), 'sub/file-5'), 'ROT! 5');
      utimesSync(join(copy(), 'sub/file-5'), ...times);
      const { warnings } = await mirrored({ startedAt: new Date('2026-03-03T04:04:00Z') }, { sample: 1000 });
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ['entry.changed'],
      );
      same(media, copy());
      await using engine = await openTestMirror(folder);
      assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
    });

    it('of a source whose name is like that of a leftover takes nothing from another one', async () => {
      await mirrored();
      await using engine = await openTestMirror(folder);
      mkdirSync(join(folder, 'media.old-12345678', 'latest.new-12345678'), { recursive: true });
      assert.deepEqual((await engine.list(HOW)).incomplete, ['media.old-12345678/latest.new-12345678']);
      await mirrored({ source: 'media.old-12345678' });
      same(media, copy());
      assert.deepEqual(readdirSync(join(folder, 'media.old-12345678')), ['latest']);
    });

    it('is as it was when a run fails at its end or was killed, and the next one cleans up', async () => {
      await mirrored();
      mkdirSync(join(folder, 'media', 'latest.new-12345678', 'half'), { recursive: true });
      await using engine = await openTestMirror(folder);
      assert.deepEqual((await engine.list(HOW)).incomplete, ['media/latest.new-12345678']);
      await mirrored({ startedAt: new Date('2026-03-03T04:04:00Z') });
      assert.deepEqual(readdirSync(join(folder, 'media')), ['latest']);
      assert.deepEqual((await engine.list(HOW)).incomplete, []);
    });

    it('is what its record says, wherever between its renames a run was killed', async () => {
      await mirrored();
      const inside = join(folder, 'media');
      const killedAt = [
        () => renameSync(join(inside, 'latest'), join(inside, 'latest.old-00000000')),
        () => {
          renameSync(join(inside, 'latest'), join(inside, 'latest.old-00000000'));
          mkdirSync(join(inside, 'latest', 'media'), { recursive: true });
          writeFileSync(join(inside, 'latest', 'media', 'new'), 'not recorded');
        },
      ];
      for (const kill of killedAt) {
        kill();
        await using engine = await openTestMirror(folder);
        const [snapshot] = (await engine.list(HOW)).snapshots;
        const target = join(top, `killed-${++count}`);
        assert.deepEqual(await restored(engine, snapshot!.id, target), []);
        assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
        // The next run fails too: what was mirrored before is there all the same.
        const broken = new Error('the disk went away');
        await assert.rejects(
          mirrored({}, {}, () => Promise.reject(broken)),
          broken,
        );
        same(media, copy());
        assert.deepEqual(readdirSync(inside), ['latest']);
      }
    });
  });
}

async function restored(engine: Engine, id: string, target: string): Promise<string[]> {
  mkdirSync(target);
  const snapshot = await engine.find(id, HOW);
  await using restoring = await engine.restore(snapshot, HOW);
  const writer = openFiles({ name: 'media', host: 'here', baseDir: '/', options: filesOptions({ paths: ['/'] }) });
  const how = { ...HOW, warn: () => {}, target, conflict: 'refuse' as const, dryRun: false };
  return (await writer.write(restoring, how)).failed.map(({ path }) => path);
}
