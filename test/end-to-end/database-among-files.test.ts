import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { makeProject, type Project } from '../fixtures/project.ts';

interface Report {
  readonly items: readonly { readonly report: { readonly notes: readonly string[] } }[];
}

const notesOf = ({ items }: Report) => items.flatMap(({ report }) => report.notes);

describe('a database in a folder that is backed up too', () => {
  let project: Project;
  let database: DatabaseSync;

  before(async () => {
    project = makeProject({
      files: { paths: ['data', 'link'] },
      sources: { app: { type: 'sqlite', path: 'data/app.db' } },
    });
    mkdirSync(project.data);
    symlinkSync('data', join(project.folder, 'link'));
    writeFileSync(join(project.data, 'app.db-notes'), 'mine');
    database = new DatabaseSync(join(project.data, 'app.db'));
    database.exec('PRAGMA journal_mode = wal; CREATE TABLE users (name); INSERT INTO users VALUES (1), (2)');
    await project.here.run('init');
    await project.here.run('backup');
  });

  after(async () => {
    database.close();
    await project[Symbol.asyncDispose]();
  });

  test('is in its own snapshot, and neither it nor its companions are among the files', async () => {
    assert.ok(existsSync(join(project.data, 'app.db-wal')));
    const out = await project.here.run('show', 'latest', '--source', 'files', '--entries');
    assert.match(out, /data\/app\.db-notes/);
    assert.match(out, /link\/app\.db-notes/);
    assert.doesNotMatch(out, /app\.db(-wal|-shm|-journal)?\s*$/m);
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--target', target);
    assert.ok(existsSync(join(target, 'data', 'app.db')));
    assert.ok(!existsSync(join(target, 'data', 'app.db-wal')));
  });

  test('in a snapshot that still has it among its files, it is left to its own source, wherever links lead', async () => {
    await using older = makeProject({
      files: { paths: ['data'] },
      sources: { app: { type: 'sqlite', path: 'app.db' } },
    });
    // When it was backed up, the folder was another one: the link makes its paths lead to the database.
    mkdirSync(older.data);
    const own = new DatabaseSync(join(older.folder, 'app.db'));
    own.exec('PRAGMA journal_mode = wal; CREATE TABLE users (name); INSERT INTO users VALUES (1)');
    own.close();
    for (const name of ['app.db', 'app.db-wal', 'x']) writeFileSync(join(older.data, name), 'as mere files');
    await older.here.run('init');
    await older.here.run('backup');
    for (const name of ['app.db', 'app.db-wal', 'x']) rmSync(join(older.data, name));
    rmdirSync(older.data);
    symlinkSync('.', older.data);
    const report = await older.here.json<Report>('restore', 'latest', '--in-place', '--force');
    assert.deepEqual(notesOf(report), ['left to source app, which restores it whole: data/app.db, data/app.db-wal']);
    assert.ok(existsSync(join(older.folder, 'x')));
    assert.ok(!existsSync(join(older.folder, 'app.db-wal')));
    using restored = new DatabaseSync(join(older.folder, 'app.db'));
    assert.equal(restored.prepare('SELECT count(*) AS rows FROM users').get()?.rows, 1);
  });
});
