import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { filesSource, makeScratch, readAll } from '../../../test/fixtures/files-source.ts';
import { makeNastyTree } from '../../../test/fixtures/tree.ts';
import type { SourceFacts } from '../source.ts';

/** What makes a source walk in a thread of its own: it was large before. */
const LARGE: SourceFacts = { kind: 'files', versions: {}, files: 1_000_000, sizeBytes: 0 };

describe('a walk in a thread of its own', () => {
  it('gives the same entries, warnings and facts as one in the same thread', async () => {
    using scratch = makeScratch();
    const root = join(scratch.path, 'tree');
    makeNastyTree(root);
    for (let folder = 0; folder < 40; folder++) {
      mkdirSync(join(root, `folder ${folder}`));
      for (let file = 0; file < 120; file++) writeFileSync(join(root, `folder ${folder}`, `file ${file}`), '');
    }
    // Relative to the scratch folder, since others change what is above it.
    const source = filesSource({ paths: ['tree'] }, scratch.path);
    const here = await readAll(source);
    const there = await readAll(source, { previous: LARGE });
    assert.ok(here.entries.length > 4 * 1024, 'there are several batches');
    assert.deepEqual(there, here);
  });

  it('goes on while nobody takes its batches, but only so far ahead, and can be left at any point', async () => {
    using scratch = makeScratch();
    for (let file = 0; file < 3000; file++) writeFileSync(join(scratch.path, `file ${file}`), '');
    const source = filesSource({ paths: [scratch.path] });
    const how = { signal: new AbortController().signal, warn: () => {}, previous: LARGE };
    await using reading = await source.read(how);
    for await (const batch of reading.entries()) {
      assert.equal(batch.length, 1024);
      break;
    }
  });

  it('reports a root that lost everything, and one that went away', async () => {
    using scratch = makeScratch();
    const root = join(scratch.path, 'root');
    mkdirSync(root);
    const source = filesSource({ paths: [root] });
    await assert.rejects(readAll(source, { previous: LARGE }), { code: 'source.empty' });
    const how = { signal: new AbortController().signal, warn: () => {}, previous: LARGE };
    rmSync(root, { recursive: true });
    await assert.rejects(source.read(how), { code: 'source.missing' });
  });

  it('ends when it is aborted', async () => {
    using scratch = makeScratch();
    for (let file = 0; file < 2000; file++) writeFileSync(join(scratch.path, `file ${file}`), '');
    const abort = new AbortController();
    const source = filesSource({ paths: [scratch.path] });
    await using reading = await source.read({ signal: abort.signal, warn: () => {}, previous: LARGE });
    abort.abort(new Error('stop'));
    await assert.rejects(async () => {
      for await (const _ of reading.entries());
    }, /stop/);
  });
});
