import assert from 'node:assert/strict';
import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compareTrees } from '../../../test/fixtures/compare-trees.ts';
import { filesSource, holdAll, makeScratch, writeAll } from '../../../test/fixtures/files-source.ts';
import { makeNastyTree } from '../../../test/fixtures/tree.ts';

test('a tree with everything a file system can hold comes back the same below a target', async () => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'nasty');
  makeNastyTree(root);
  const source = filesSource({ paths: [root], exclude: [] });
  const report = await writeAll(source, await holdAll(source), { target: join(scratch.path, 'target') });
  assert.deepEqual([report.failed, report.warnings], [[], []]);
  // Holes are the business of whoever writes the content.
  assert.deepEqual(compareTrees(root, join(scratch.path, 'target', root), { sparse: false }), []);
});

test('a tree that is gone comes back the same in its place', async () => {
  using scratch = makeScratch();
  const [root, kept] = [join(scratch.path, 'above/nasty'), join(scratch.path, 'kept')];
  makeNastyTree(root);
  const source = filesSource({ paths: ['above/nasty'], exclude: [] }, scratch.path);
  const held = await holdAll(source);
  renameSync(root, kept);
  const report = await writeAll(source, held);
  assert.deepEqual([report.failed, report.warnings], [[], []]);
  assert.deepEqual(compareTrees(kept, root, { sparse: false }), []);
  assert.ok(existsSync(join(scratch.path, 'above')));
});

test('a tree is overwritten with all its attributes', async () => {
  using scratch = makeScratch();
  const [root, target] = [join(scratch.path, 'nasty'), join(scratch.path, 'target')];
  makeNastyTree(root);
  const source = filesSource({ paths: ['nasty'], exclude: [] }, scratch.path);
  const held = await holdAll(source);
  await writeAll(source, held, { target });
  const before = statSync(join(target, 'nasty/files/text')).ino;
  const report = await writeAll(source, held, { target, conflict: 'overwrite' });
  assert.deepEqual([report.failed, report.warnings, report.skipped], [[], [], 0]);
  assert.notEqual(statSync(join(target, 'nasty/files/text')).ino, before);
  assert.deepEqual(compareTrees(root, join(target, 'nasty'), { sparse: false }), []);
});
