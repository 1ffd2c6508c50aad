import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RESERVED_NAME } from '../source.ts';
import { DUMPALL_FILE, entryNameOf, GLOBALS_FILE, partOf } from './entry-names.ts';

test('every name of a database comes back from its file name, in every format', () => {
  const names = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.constantFrom('globals', 'dumpall', '.surety-snapshot', 'a/b', '..', '%41', 'a.sql', 'x\\y', 'Größe "1"'),
  );
  fc.assert(
    fc.property(names, fc.constantFrom('plain', 'custom', 'directory'), (database, format) => {
      const name = entryNameOf(database, format);
      assert.deepEqual(partOf(name), { kind: 'database', database, format });
      assert.ok(!name.includes('/') && !name.startsWith('.'), name);
      assert.ok(![RESERVED_NAME, GLOBALS_FILE, DUMPALL_FILE].includes(name), name);
    }),
  );
});

test('ordinary names stay readable', () => {
  assert.equal(entryNameOf('shop', 'plain'), 'shop.sql');
  assert.equal(entryNameOf('odd name-é', 'custom'), 'odd name-é.dump');
  assert.equal(entryNameOf('a/b', 'directory'), 'a%2Fb.dir');
  assert.equal(entryNameOf('globals', 'plain'), '%67lobals.sql');
});
