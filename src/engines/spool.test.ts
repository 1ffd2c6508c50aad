import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountSmallDisk } from '../../test/faults/small-disk.ts';
import { skipUnlessRoot, skipWithout } from '../../test/fixtures/programs.ts';
import { openSpool } from './spool.ts';

async function* megabytes(count: number) {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let at = 0; at < count; at += 1) yield chunk;
}

test('a dump that does not fit into the folder for temporary files is told so, and leaves nothing there', {
  skip: skipUnlessRoot() || skipWithout('mount'),
}, async (context) => {
  const before = process.env.TMPDIR;
  context.after(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  await using disk = await mountSmallDisk('size=6m');
  process.env.TMPDIR = disk.path;
  {
    await using spool = openSpool();
    assert.equal((await spool.hold(megabytes(5))).sizeBytes, 5 * 1024 * 1024);
    await assert.rejects(spool.hold(megabytes(8)), {
      code: 'store.full',
      message: `the folder for temporary files, ${disk.path}, is full`,
      hint: /set TMPDIR/,
    });
  }
  assert.deepEqual(readdirSync(disk.path), []);
  process.env.TMPDIR = join(disk.path, 'missing');
  await using spool = openSpool();
  await assert.rejects(spool.hold(megabytes(5)), { code: 'store.failed', hint: /set TMPDIR/ });
});
