import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { type ResticSnapshot, resticFor } from '../fixtures/restic.ts';
import { RESTIC_LIMITS } from '../fixtures/restic-limits.ts';
import { makeNastyTree } from '../fixtures/tree.ts';

describe('real restic on a repository that Surety writes', { skip: skipWithout('restic') }, () => {
  let project: Project;
  let original = '';

  before(async () => {
    project = makeProject();
    original = join(project.folder, 'original');
    makeNastyTree(project.data);
    await project.here.run('init');
    await project.here.run('backup');
    execFileSync('cp', ['-a', project.data, original]);
  });

  after(() => project[Symbol.asyncDispose]());

  const restoredBy = async (id: string) => {
    const target = project.newTarget();
    await project.restic.run('restore', id, '--target', target);
    return join(target, project.data);
  };

  test('check --read-data finds no error', async () => {
    const output = await project.restic.run('check', '--read-data');
    assert.match(output, /no errors were found/);
  });

  test('the snapshot shows the host and the path of the source', async () => {
    const [snapshot, ...others] = await project.restic.json<ResticSnapshot[]>('snapshots');
    assert.deepEqual(others, []);
    assert.equal(snapshot?.hostname, hostname());
    assert.deepEqual(snapshot?.paths, [project.data]);
    assert.ok(Math.abs(Date.now() - Date.parse(snapshot?.time ?? '')) < 600_000);
  });

  test('restic restores the tree with all metadata it knows', async () => {
    const restored = await restoredBy('latest');
    assert.deepEqual(compareTrees(original, restored, RESTIC_LIMITS), []);
  });

  test('restic dumps one file with its content', async () => {
    const path = join(project.data, 'files', 'text');
    assert.equal(await project.restic.run('dump', 'latest', path), readFileSync(path, 'utf8'));
  });

  test('restic takes the snapshot as parent of its own and reads no file again', async () => {
    const lines = await project.restic.run('--json', 'backup', '--dry-run', project.data);
    const summary = JSON.parse(lines.trim().split('\n').at(-1) ?? '{}');
    assert.deepEqual([summary.files_new, summary.files_changed], [0, 0]);
    assert.ok(summary.files_unmodified > 40);
  });

  test('after changes and a second backup both snapshots restore, and nothing is stored twice', async () => {
    const before = repositoryBytes(project.repository);
    const data = (name: string) => join(project.data, name);
    appendFileSync(data('files/large text'), 'one more line\n');
    writeFileSync(data('files/new'), noise(77, 300_000));
    renameSync(data('files/deep'), data('files/deeper'));
    rmSync(data('links/relative'));
    await project.here.run('backup');
    const [older, newer] = await project.restic.json<ResticSnapshot[]>('snapshots');
    assert.deepEqual(compareTrees(original, await restoredBy(older?.id ?? ''), RESTIC_LIMITS), []);
    assert.deepEqual(compareTrees(project.data, await restoredBy(newer?.id ?? ''), RESTIC_LIMITS), []);
    assert.equal(newer?.parent, older?.id);
    await project.restic.run('check', '--read-data');
    assert.ok(repositoryBytes(project.repository) - before < 9_000_000, 'the change is small');
  });

  test('a password that Surety adds opens the repository for restic', async () => {
    const file = join(project.folder, 'second password');
    writeFileSync(file, 'another password\n');
    await project.here.run('keys', 'add', '--new-password-file', file);
    const snapshots = await resticFor(project.repository, 'another password').json<ResticSnapshot[]>('snapshots');
    assert.equal(snapshots.length, 2);
  });

  test('restic forgets, prunes and rebuilds the index, and Surety verifies what is left', async () => {
    const [older] = await project.restic.json<ResticSnapshot[]>('snapshots');
    await project.restic.run('forget', older?.id ?? '', '--prune');
    await project.restic.run('rebuild-index', '--read-all-packs');
    assert.match((await project.here.attempt('verify')).stdout, new RegExp(`snapshot.missing snapshots/${older?.id}`));
    await project.here.run('catalog', 'rebuild');
    await project.here.run('verify', '--read-data');
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(project.data, join(target, project.data)), []);
  });
});

describe('a password on the command line of restic', { skip: skipWithout('restic') }, () => {
  test('that is wrong is refused for a repository of Surety', async () => {
    await using project = makeProject();
    await project.here.run('init');
    const refused = await resticFor(project.repository, `${PASSWORD}!`).attempt('snapshots');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /wrong password/);
  });
});

function repositoryBytes(folder: string): number {
  return Number(execFileSync(locate('du') ?? 'du', ['-sb', folder], { encoding: 'utf8' }).split('\t')[0]);
}
