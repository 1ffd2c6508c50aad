import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compareTrees } from '../../../../test/fixtures/compare-trees.ts';
import { busyboxPrograms, farSource, reachWithPath } from '../../../../test/fixtures/far-files.ts';
import { filesSource, holdAll, makeScratch, writeAll } from '../../../../test/fixtures/files-source.ts';
import { skipWithout } from '../../../../test/fixtures/programs.ts';
import { makeNastyTree } from '../../../../test/fixtures/tree.ts';
import type { Held } from '../../held.ts';

/** Everything but what changes by itself, in an order of its own. */
function plain({ entries, contents }: Held, path: string): object[] {
  const own = entries.filter((entry) => entry.path.startsWith(path));
  return own.map(({ xattrs, ...entry }) => ({
    ...entry,
    xattrs: xattrs.map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`).sort(),
    content: Buffer.from(contents.get(entry.path) ?? []).toString('base64'),
  }));
}

test('a tree with everything a file system can hold is read from another host, and comes back the same there', async () => {
  using scratch = makeScratch();
  const [root, kept] = [join(scratch.path, 'above/nasty'), join(scratch.path, 'kept')];
  makeNastyTree(root);
  const raw = { paths: ['above/nasty'], exclude: [] };
  const there = farSource(raw, { folder: scratch.path });
  const held = await holdAll(there);
  assert.deepEqual(plain(held, 'above/nasty'), plain(await holdAll(filesSource(raw, scratch.path)), 'above/nasty'));
  renameSync(root, kept);
  const report = await writeAll(there, held);
  assert.deepEqual([report.failed, report.warnings], [[], []]);
  assert.deepEqual(compareTrees(kept, root, { sparse: false }), []);
  const again = await writeAll(there, held, { conflict: 'overwrite' });
  assert.deepEqual([again.failed, again.warnings, again.files], [[], [], report.files]);
  assert.deepEqual(compareTrees(kept, root, { sparse: false }), []);
});

test('where there is only busybox, all but attributes and fractions of seconds comes back', {
  skip: skipWithout('busybox'),
}, async () => {
  using scratch = makeScratch();
  const [root, kept] = [join(scratch.path, 'nasty'), join(scratch.path, 'kept')];
  makeNastyTree(root);
  rmSync(join(root, 'attributes'), { recursive: true });
  const there = farSource({ paths: [root], exclude: [] }, { reach: reachWithPath(busyboxPrograms(scratch.path)) });
  const held = await holdAll(there);
  assert.match(held.facts.notes?.join() ?? '', /extended attributes and ACLs are not in it/);
  renameSync(root, kept);
  const report = await writeAll(there, held);
  assert.deepEqual(report.failed, []);
  assert.ok(report.warnings.some(({ message }) => message.includes('times are restored to the second')));
  const other = compareTrees(kept, root, { sparse: false }).filter((line) => !/: mtime|owned link: /.test(line));
  assert.deepEqual(other, []);
});
