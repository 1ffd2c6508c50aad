import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { makeNastyTree } from '../fixtures/tree.ts';
import { contentOf, makeDatabase } from './sample-database.ts';

interface BackupDocument {
  readonly outcome: string;
  readonly runs: readonly {
    readonly recoveryPoint: string;
    readonly complete: boolean;
    readonly members: readonly { readonly source: string; readonly snapshot: { readonly id: string } }[];
  }[];
}

describe('a folder and a database, backed up, broken and brought back', () => {
  let project: Project;
  let database = '';
  let original = '';
  let content = '';
  let first: BackupDocument;

  before(async () => {
    project = makeProject({ sources: { app: { type: 'sqlite', path: 'app.db' } }, keys: 'real' });
    database = join(project.folder, 'app.db');
    original = join(project.folder, 'original');
    makeNastyTree(project.data);
    makeDatabase(database);
    execFileSync('cp', ['-a', project.data, original]);
    content = contentOf(database);
    await project.surety.run('init');
    first = await project.surety.json<BackupDocument>('backup');
  });

  after(() => project[Symbol.asyncDispose]());

  test('the backup makes one complete recovery point, the database first', () => {
    assert.equal(first.outcome, 'ok');
    assert.equal(first.runs[0]?.complete, true);
    assert.deepEqual(
      first.runs[0]?.members.map(({ source }) => source),
      ['app', 'files'],
    );
  });

  test('list and show tell what is there', async () => {
    const list = await project.surety.json<{ repositories: { snapshots: { source: string }[] }[] }>('list');
    assert.deepEqual(list.repositories[0]?.snapshots.map(({ source }) => source).sort(), ['app', 'files']);
    for (const option of ['--source', '--job']) {
      const nowhere = await project.here.attempt('list', option, 'fils');
      assert.deepEqual([nowhere.code, nowhere.stdout], [2, ''], 'a name that is nowhere is a slip');
    }
    const id = first.runs[0]?.recoveryPoint ?? '';
    const shown = await project.surety.run('show', id);
    assert.match(shown, new RegExp(`recovery point ${id}: complete, 2 of 2 sources in vault`));
    assert.match(shown, /people +500 +[0-9a-f]{16}/);
    const entries = await project.here.run(
      'show',
      'latest',
      '--source',
      'files',
      '--path',
      `${project.data}/files/text`,
    );
    assert.match(entries, /files\/text/);
    const ofBoth = await project.here.run('show', id, '--path', `${project.data}/files/text`);
    assert.match(ofBoth, /^snapshot [0-9a-f]{8} of files\n.*files\/text\n/s);
    const nowhere = await project.here.attempt('show', id, '--path', 'nowhere');
    assert.deepEqual([nowhere.code, nowhere.stdout], [1, '']);
    assert.match(nowhere.stderr, /has nothing at nowhere\nhint: surety show [0-9a-f]{8} --entries lists its paths/);
  });

  test('verify re-reads every byte and finds nothing wrong', async () => {
    const report = await project.surety.json<{
      outcome: string;
      repositories: { report: { problems: unknown[]; snapshots: number; packsRead: number; readBytes: number } }[];
    }>('verify', '--read-data');
    assert.equal(report.outcome, 'ok');
    const [verified] = report.repositories;
    assert.deepEqual(verified?.report.problems, []);
    assert.equal(verified?.report.snapshots, 2);
    assert.ok((verified?.report.packsRead ?? 0) > 0 && (verified?.report.readBytes ?? 0) > 1_000_000);
  });

  test('a restore to a new folder is equal in everything, and the database is proven', async () => {
    const target = project.newTarget();
    const output = await project.surety.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(original, join(target, project.data)), []);
    assert.equal(contentOf(join(target, 'app.db')), content);
    assert.match(output, /ok: fingerprint/);
  });

  test('one path and a glob restore only what they name', async () => {
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--target', target, '--path', `${project.data}/files/text`);
    assert.deepEqual(readdirSync(join(target, project.data)), ['files']);
    assert.deepEqual(readdirSync(join(target, project.data, 'files')), ['text']);
  });

  test('a database restores as another file beside the original', async () => {
    await project.here.run('restore', 'latest', '--source', 'app', '--as', join(project.folder, 'yesterday.db'));
    assert.equal(contentOf(join(project.folder, 'yesterday.db')), content);
    const again = await project.here.attempt('restore', 'latest', '--source', 'app', '--as', 'yesterday.db');
    assert.equal(again.code, 1);
    assert.match(again.stderr + again.stdout, /yesterday\.db exists/);
  });

  test('broken originals come back in place, after an explicit word', async () => {
    rmSync(join(project.data, 'files'), { recursive: true });
    mkdirSync(join(project.data, 'files'));
    writeFileSync(join(project.data, 'files', 'text'), 'broken');
    writeFileSync(database, 'not a database any more');
    for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true });

    const refused = await project.here.attempt('restore', 'latest', '--in-place');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /there is no terminal to ask on\nhint: give --force/);

    const broken = join(project.folder, 'broken');
    execFileSync('cp', ['-a', project.data, broken]);
    const planned = await project.here.run('restore', 'latest', '--in-place', '--dry-run');
    assert.deepEqual(compareTrees(broken, project.data), []);
    assert.match(planned, /overwrite .*app\.db\n[\s\S]*… and \d+ more/);
    assert.match(planned, /Nothing was written/);

    await project.surety.run('restore', 'latest', '--in-place', '--force');
    assert.deepEqual(compareTrees(original, project.data), []);
    assert.equal(contentOf(database), content);
  });

  test('in place, what is as it was is left alone unless everything is to be overwritten', async () => {
    const plan = ['restore', 'latest', '--source', 'files', '--in-place', '--dry-run'];
    assert.match(await project.here.run(...plan), /restored to the original place; \d+ unchanged/);
    assert.doesNotMatch(await project.here.run(...plan, '--conflict', 'overwrite'), /unchanged/);
  });

  test('the next run stores nothing anew', async () => {
    const second = await project.surety.json<{ runs: { members: { stats: Record<string, number> }[] }[] }>('backup');
    const members = second.runs[0]?.members ?? [];
    assert.equal(members.length, 2);
    for (const { stats } of members) {
      assert.equal(stats.dataBlobs, 0);
      assert.equal(stats.filesNew, 0);
    }
  });

  test('cleanup keeps the newest and the one that was proven, says why, and what is left still restores', async () => {
    await project.here.run('backup');
    execFileSync('sed', ['-i', 's/"last": 10/"last": 1/', join(project.folder, 'surety.yaml')]);
    const dry = await project.here.run('cleanup', '--dry-run');
    assert.match(dry, /would remove .*not among the last 1/);
    assert.match(dry, /keep .*last 1\/1; newest/);
    assert.match(dry, /keep .*newest proven/);
    const done = await project.surety.json<{ repositories: { removed: string[] }[] }>('cleanup');
    assert.equal(done.repositories[0]?.removed.length, 2);
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(original, join(target, project.data)), []);
    assert.match(await project.surety.run('verify', '--read-data'), /no problems/);
  });

  test('the catalog is rebuilt from the repository', async () => {
    rmSync(join(project.folder, '.home', 'state'), { recursive: true });
    assert.match(await project.surety.run('catalog', 'rebuild'), /vault: 4 snapshots/);
  });
});
