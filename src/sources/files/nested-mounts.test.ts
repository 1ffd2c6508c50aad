import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesSource, makeScratch, readAll, withTmpfs } from '../../../test/fixtures/files-source.ts';
import type { SourceFacts } from '../source.ts';

test('a disk mounted inside of a folder that is not mounted any more is an error, unless that was meant', async (context) => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'data');
  const disk = join(root, 'projects', 'disk');
  mkdirSync(join(root, 'projects'), { recursive: true });
  writeFileSync(join(root, 'file'), 'on the disk around it');
  let before: SourceFacts | undefined;
  const mounted = await withTmpfs(disk, 100, async () => {
    writeFileSync(join(disk, 'precious'), 'on the disk inside');
    before = (await readAll(filesSource({ paths: [root] }))).facts;
    const alone = await readAll(filesSource({ paths: [root], one_file_system: true }));
    assert.equal(alone.facts.nestedMounts, undefined, 'it is not backed up then');
    await readAll(filesSource({ paths: [root] }), { previous: before });
  });
  if (!mounted) return context.skip('a file system can not be mounted here');
  const entryPath = disk.slice(1);
  assert.deepEqual(before?.nestedMounts, [entryPath]);
  await assert.rejects(readAll(filesSource({ paths: [root] }), { previous: before }), {
    code: 'source.unmounted',
    message: new RegExp(`${disk} of source sample is not mounted`),
  });
  writeFileSync(join(disk, 'moved here'), 'for good');
  await readAll(filesSource({ paths: [root] }), { previous: before });
  spawnSync('rm', [join(disk, 'moved here')]);
  rmdirSync(disk);
  await readAll(filesSource({ paths: [root] }), { previous: before });
});
