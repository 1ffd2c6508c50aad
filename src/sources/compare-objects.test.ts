import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFingerprints } from './compare-fingerprints.ts';
import { compareObjects } from './compare-objects.ts';
import type { ObjectFingerprint } from './source.ts';

const sequence = (value: string): ObjectFingerprint[] => [{ kind: 'sequence', name: 's', value }];
const differs = (recorded: string, found: string) =>
  compareObjects(sequence(recorded), sequence(found)).differences.length > 0;

test('a sequence that rested has to be where it was', () => {
  assert.ok(!differs('5', '5'));
  assert.ok(differs('5', '6'));
  assert.ok(differs('5?', '5'));
});

test('a sequence that moved during the dump may be anywhere in between', () => {
  for (const value of ['5', '7', '9', '6?']) assert.ok(!differs('5..9', value), value);
  for (const value of ['4', '10', '5?', 'x']) assert.ok(differs('5..9', value), value);
  assert.ok(!differs('-9..-5', '-7'));
});

test('what is missing is told, what is more is not, and another version of an extension is a note', () => {
  const recorded: ObjectFingerprint[] = [
    { kind: 'role', name: 'bob', value: '' },
    { kind: 'view', name: 'public.v', value: '' },
    { kind: 'extension', name: 'hstore', value: '1.7' },
    { kind: 'large-object', name: 'all', value: '3' },
  ];
  const found: ObjectFingerprint[] = [
    { kind: 'role', name: 'eve', value: '' },
    { kind: 'view', name: 'public.v', value: '' },
    { kind: 'extension', name: 'hstore', value: '1.8' },
    { kind: 'large-object', name: 'all', value: '2' },
  ];
  assert.deepEqual(compareObjects(recorded, found), {
    differences: ['role bob is missing', 'large-object all is 2 instead of 3'],
    notes: ['extension hstore has version 1.8; it was 1.7 when it was backed up'],
  });
});

test('objects count in the comparison of fingerprints', () => {
  const tables = [{ name: 'public.t', rows: 1 }];
  const recorded = { algorithm: 'a', tables, objects: sequence('5') };
  const same = compareFingerprints(recorded, recorded);
  assert.deepEqual(same, { equal: true, detail: 'as recorded: 1 table, 1 row', notes: [] });
  const moved = compareFingerprints(recorded, { ...recorded, objects: sequence('8') });
  assert.deepEqual([moved.equal, moved.detail], [false, 'sequence s is at 8 instead of 5']);
});
