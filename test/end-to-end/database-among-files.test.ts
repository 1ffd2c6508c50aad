import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { makeProject, type Project } from '../fixtures/project.ts';

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
    await project.surety.run('init');
    await project.surety.run('backup');
  });

  after(async () => {
    database.close();
    await project[Symbol.asyncDispose]();
  });

  test('is in its own snapshot, and neither it nor its companions are among the files', async () => {
    assert.ok(existsSync(join(project.data, 'app.db-wal')));
    const out = await project.surety.run('show', 'latest', '--source', 'files', '--entries');
    assert.match(out, /data\/app\.db-notes/);
    assert.match(out, /link\/app\.db-notes/);
    assert.doesNotMatch(out, /app\.db(-wal|-shm|-journal)?\s*$/m);
    const target = project.newTarget();
    await project.surety.run('restore', 'latest', '--target', target);
    assert.ok(existsSync(join(target, 'data', 'app.db')));
    assert.ok(!existsSync(join(target, 'data', 'app.db-wal')));
  });
});
