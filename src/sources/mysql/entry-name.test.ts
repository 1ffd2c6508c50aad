import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { databaseOf, entryNameOf, USERS_FILE } from './entry-name.ts';

test('every name of a database becomes a file name and comes back', () => {
  const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }).filter((name) => name.isWellFormed());
  fc.assert(
    fc.property(names, (name) => {
      const entryName = entryNameOf(name);
      assert.equal(databaseOf(entryName), name);
      assert.ok(!/[/\0]/.test(entryName) && !entryName.startsWith('.') && !entryName.startsWith('-'), entryName);
      assert.notEqual(entryName.toLowerCase(), USERS_FILE);
    }),
  );
});

test('ordinary names stay as they are, a database named users keeps out of the way of the users', () => {
  assert.equal(entryNameOf('shop_2'), 'shop_2.sql');
  assert.equal(entryNameOf('größe'), 'größe.sql');
  assert.equal(entryNameOf('users'), '%75sers.sql');
  assert.equal(entryNameOf('Users'), '%55sers.sql');
  assert.equal(databaseOf('%75sers.sql'), 'users');
});

test('what is no dump of a database has no database', () => {
  for (const name of [USERS_FILE, 'shop.sql.gz', 'shop', 'bad%zz.sql']) assert.equal(databaseOf(name), undefined);
});
