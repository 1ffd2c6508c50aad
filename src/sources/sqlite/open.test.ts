import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { sourceContract } from '../contract.ts';
import { sqliteOptions } from './options.ts';
import { parsePlace } from './place.ts';
import { type Mode, makeDatabase, makeFolder, open } from './testing/databases.ts';

function allRows(path: string): unknown {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare('SELECT * FROM items').all();
}

for (const mode of ['wal', 'delete'] as Mode[]) {
  const checks = sourceContract(async () => {
    const folder = makeFolder();
    mkdirSync(folder.at('data'));
    const path = folder.at('data/app.db');
    makeDatabase(path, { mode, rows: 100 });
    return {
      source: open('data/app.db', folder.path),
      target: folder.at('target'),
      observe: async () => allRows(path),
      observeIn: async (target: string) => allRows(join(target, 'data/app.db')),
      destroy: async () => rmSync(dirname(path), { recursive: true }),
      [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
    };
  });
  describe(`a database in ${mode} mode keeps the contract of sources:`, () => {
    for (const { name, run } of checks) test(name, run);
  });
}

test('a path inside the folder of the configuration is stored relative to it, any other whole', () => {
  const place = (path: string) => {
    const { shown, path: whole, entryPath } = parsePlace(path, '/etc/surety');
    return [shown, whole, entryPath];
  };
  assert.deepEqual(place('data/app.db'), ['data/app.db', '/etc/surety/data/app.db', 'data/app.db']);
  assert.deepEqual(place('./data//app.db'), ['data/app.db', '/etc/surety/data/app.db', 'data/app.db']);
  assert.deepEqual(place('/srv/app.db'), ['/srv/app.db', '/srv/app.db', 'srv/app.db']);
  assert.deepEqual(place('../app.db'), ['/etc/app.db', '/etc/app.db', 'etc/app.db']);
});

test('options have defaults and refuse what they do not know', () => {
  assert.deepEqual(sqliteOptions.parse({ path: 'a.db' }), { path: 'a.db', fingerprint: 'full', busy_timeout: 30_000 });
  assert.equal(sqliteOptions.parse({ path: 'a.db', busy_timeout: '2m' }).busy_timeout, 120_000);
  for (const wrong of [
    {},
    { path: '' },
    { path: 'a', fingerprint: 'some' },
    { path: 'a', busy_timeout: 'long' },
    { path: 'a', x: 1 },
  ]) {
    assert.equal(sqliteOptions.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});
