import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonLines } from './reasons.ts';

test('what one job says stands as it is, in lines that fit', () => {
  assert.deepEqual(reasonLines(['daily 1/7: 2026-11-20', 'newest']), ['daily 1/7: 2026-11-20; newest']);
  const many = ['daily 1/7: 2026-11-21', 'weekly 1/4: 2026-W47', 'monthly 1/12: 2026-11', 'newest', 'newest proven'];
  assert.deepEqual(reasonLines(many), [
    'daily 1/7: 2026-11-21; weekly 1/4: 2026-W47;',
    'monthly 1/12: 2026-11; newest; newest proven',
  ]);
});

test('what several jobs say is said once', () => {
  const reasons = ['database: oldest daily 2/7: 2026-11-21', 'database: newest', 'full: oldest daily 2/7: 2026-11-21'];
  assert.deepEqual(reasonLines([...reasons, 'full: newest']), ['database, full: oldest daily 2/7: 2026-11-21; newest']);
  assert.deepEqual(reasonLines(reasons), ['database, full: oldest daily 2/7: 2026-11-21', 'database: newest']);
});

test('a long message of a failure is left to the warning below', () => {
  const failed = 'nothing is removed: its last backup, of 2026-11-21T06:23:30Z, failed';
  assert.deepEqual(reasonLines([`${failed}: no server: it does not answer`]), [failed]);
  assert.deepEqual(reasonLines([`a: ${failed}: no server`, `b: ${failed}: no server`]), ['a, b:', failed]);
});

test('without any reason there is no line', () => {
  assert.deepEqual(reasonLines([]), []);
});
