import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compareTrees } from '../../../../test/fixtures/compare-trees.ts';
import { bsdPrograms, busyboxPrograms, farSource, reachWithPath } from '../../../../test/fixtures/far-files.ts';
import { filesSource, holdAll, makeScratch, readAll, writeAll } from '../../../../test/fixtures/files-source.ts';
import { skipWithout } from '../../../../test/fixtures/programs.ts';
import { makeNastyTree } from '../../../../test/fixtures/tree.ts';
import { type Held, hold } from '../../held.ts';
import type { Warning } from '../../source.ts';

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

test('where Python lists and the tar is that of a BSD, all but attributes comes back', {
  skip: skipWithout('bsdtar'),
}, async () => {
  using scratch = makeScratch();
  const [root, kept] = [join(scratch.path, 'nasty'), join(scratch.path, 'kept')];
  makeNastyTree(root);
  rmSync(join(root, 'attributes'), { recursive: true });
  const path = bsdPrograms(scratch.path);
  const there = farSource({ paths: [root], exclude: [] }, { reach: reachWithPath(path) });
  const held = await holdAll(there);
  assert.match(held.facts.notes?.join() ?? '', /extended attributes and ACLs are not in it/);
  renameSync(root, kept);
  const report = await writeAll(there, held);
  // Of times before 1970 it keeps no fractions.
  assert.deepEqual([report.failed, report.warnings.map(({ message }) => message)], [[], ['its time could not be set']]);
  const other = compareTrees(kept, root, { sparse: false });
  assert.deepEqual(
    other.filter((line) => !line.startsWith('times/before the epoch: mtime')),
    [],
  );
  rmSync(join(path, 'python3'));
  await assert.rejects(readAll(there), { code: 'source.tool-missing', message: /neither a find with -printf/ });
});

test('very many files in one folder, and the longest paths there can be, are read from another host', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'tree/many'), { recursive: true });
  for (let at = 0; at < 3000; at++) writeFileSync(join(scratch.path, 'tree/many', `file-${at}`), `${at}`);
  const levels =
    'import os\nos.chdir("tree")\nfor at in range(75):\n os.mkdir("d" * 60); os.chdir("d" * 60); open("leaf", "w").write("leaf")';
  execFileSync('python3', ['-c', levels], { cwd: scratch.path });
  const there = farSource({ paths: ['tree'], exclude: [] }, { folder: scratch.path });
  const warnings: Warning[] = [];
  const signal = new AbortController().signal;
  await using reading = await there.read({ signal, warn: (warning) => warnings.push(warning) });
  const { entries, contents } = await hold(reading, { signal });
  const leaves = [...contents.keys()].filter((path) => path.endsWith('/leaf'));
  assert.equal(contents.size - leaves.length, 3000);
  // No program can open what has a longer path than the system takes, and nothing else is lost for that.
  const longest = Math.max(...leaves.map((path) => path.length));
  assert.ok(longest > 4000 && longest < 4096, `${longest}`);
  assert.equal(entries.length, 3000 + 2 + 75 + leaves.length);
  assert.equal(warnings.filter(({ path }) => path.endsWith('/leaf')).length, 75 - leaves.length);
  assert.ok(warnings.every(({ message }) => message.endsWith('can not be read: its path is too long')));
});
