import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeScratch, readAll } from '../../../test/fixtures/files-source.ts';
import { openFiles } from './open.ts';
import { filesOptions } from './options.ts';

const DATABASE = { companions: ['-wal'] };

test('what another source protects is left out, also below a root that is a link', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'disk'));
  symlinkSync('disk', join(scratch.path, 'root'));
  for (const name of ['app.db', 'app.db-wal', 'app.db-old', 'x']) writeFileSync(join(scratch.path, 'disk', name), 'x');
  const options = filesOptions({ paths: ['root'] });
  const foreign = [{ path: join(scratch.path, 'disk', 'app.db'), ...DATABASE }];
  const { entries } = await readAll(
    openFiles({ name: 'sample', host: 'here', baseDir: scratch.path, options, foreign }),
  );
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['root', 'root/app.db-old', 'root/x'],
  );
});

test('where a database is the only thing left, a folder is not empty; without it, it is', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'root'));
  const options = filesOptions({ paths: ['root'] });
  const foreign = [{ path: join(scratch.path, 'root', 'app.db'), ...DATABASE }];
  const source = openFiles({ name: 'sample', host: 'here', baseDir: scratch.path, options, foreign });
  const previous = { kind: 'files', versions: {}, files: 3, sizeBytes: 3 };
  await assert.rejects(readAll(source, { previous }), { code: 'source.empty' });
  writeFileSync(join(scratch.path, 'root', 'app.db'), 'x');
  const { entries } = await readAll(source, { previous });
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['root'],
  );
});
