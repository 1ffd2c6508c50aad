import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMembers, type Restorable, restoreOrder } from './restore-order.ts';

const db: Restorable = { name: 'db', kind: 'sqlite' };
const blobs: Restorable = { name: 'blobs', kind: 'files', role: 'blobs' };
const media: Restorable = { name: 'media', kind: 'files' };
const values: Restorable = { name: 'values', kind: 'files', role: 'config' };
const names = (members: readonly Restorable[]) => members.map(({ name }) => name);

test('members go back as they were taken; with roles: configuration, databases, blobs, data', () => {
  assert.deepEqual(names(restoreOrder([media, db])), ['media', 'db']);
  assert.deepEqual(names(restoreOrder([media, blobs, db, values])), ['values', 'db', 'blobs', 'media']);
});

test('members asked for in another order are refused unless that is meant', () => {
  const ordered = restoreOrder([values, db, blobs, media]);
  assert.deepEqual(names(chooseMembers(ordered, ['db', 'media'], false).members), ['db', 'media']);
  assert.throws(() => chooseMembers(ordered, ['media', 'db'], false), {
    code: 'usage.restore-order',
    message: 'media goes back after what it relies on',
    hint: 'the order is db and media; --out-of-order restores in the order given',
  });
  assert.deepEqual(names(chooseMembers(ordered, ['media', 'db'], true).members), ['media', 'db']);
});

test('what goes before a chosen member and is left out is named; what comes after it is not', () => {
  const ordered = restoreOrder([values, db, blobs, media]);
  assert.deepEqual(chooseMembers(ordered, ['media'], false).leftOut, ['values', 'db', 'blobs']);
  assert.deepEqual(chooseMembers(ordered, ['db'], false).leftOut, ['values']);
  assert.deepEqual(chooseMembers(ordered, ['values'], false).leftOut, []);
});
