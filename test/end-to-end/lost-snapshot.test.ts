import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeProject } from '../fixtures/project.ts';

test('a snapshot file that got lost is told by verify, backup and cleanup until the catalog is rebuilt', async () => {
  await using project = makeProject();
  mkdirSync(project.data);
  writeFileSync(join(project.data, 'file'), 'content');
  const { here: surety } = project;
  await surety.run('init');
  await surety.run('backup');
  const folder = join(project.repository, 'snapshots');
  const [lost] = readdirSync(folder);
  rmSync(join(folder, lost!));

  const verified = await surety.attempt('verify', '--read-data');
  assert.equal(verified.code, 1, verified.stdout);
  assert.match(
    verified.stdout,
    new RegExp(`snapshot.missing snapshots/${lost}: the snapshot of source files taken at`),
  );
  assert.match(verified.stdout, /surety catalog rebuild/);
  const stored = await surety.attempt('backup');
  assert.equal(stored.code, 3);
  assert.match(stored.stdout, new RegExp(`snapshots/${lost}: .*surety catalog rebuild`));
  const cleaned = await surety.attempt('cleanup');
  assert.equal(cleaned.code, 1);
  assert.match(cleaned.stdout, new RegExp(`snapshots/${lost}: `));
  assert.match(cleaned.stdout, /nothing is removed: the list of snapshots may be partial/);
  assert.doesNotMatch(cleaned.stdout, /freed/);

  await surety.run('catalog', 'rebuild');
  await surety.run('verify');
  await surety.run('backup');
  assert.match(await surety.run('cleanup'), /freed/);
});

test('another repository in the place of the one that was there is told once', async () => {
  await using project = makeProject();
  mkdirSync(project.data);
  writeFileSync(join(project.data, 'file'), 'content');
  const { here: surety } = project;
  await surety.run('init');
  await surety.run('backup');
  renameSync(project.repository, join(project.folder, 'v1'));
  await surety.run('init');
  assert.match(await surety.run('verify'), /note: repository vault is not the one of/);
  const first = await surety.attempt('backup');
  assert.equal(first.code, 3, first.stdout);
  assert.match(first.stdout, /repository vault is not the one of/);
  await surety.run('backup');
});
