import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectSnapshot } from './selection.ts';

const points = [
  { id: 'a1b2c3d4e5f60000', time: new Date('2026-11-02T03:00:00Z') },
  { id: 'a1b2ffff00001111', time: new Date('2026-11-03T03:00:00Z') },
  { id: '77777777aaaabbbb', time: new Date('2026-11-01T03:00:00Z') },
];

test('latest is the newest, whatever the order of the list', () => {
  assert.equal(selectSnapshot(points, 'latest'), points[1]);
});

test('latest at a time is the newest at or before it', () => {
  assert.equal(selectSnapshot(points, 'latest', new Date('2026-11-02T03:00:00Z')), points[0]);
  assert.equal(selectSnapshot(points, 'latest', new Date('2026-11-02T02:59:59Z')), points[2]);
  assert.throws(() => selectSnapshot(points, 'latest', new Date('2026-10-01')), {
    code: 'snapshot.none',
    hint: 'the oldest one is 77777777 of 2026-11-01T03:00:00Z',
  });
  assert.throws(() => selectSnapshot([], 'latest'), { code: 'snapshot.none' });
});

test('the beginning of an id is enough when it is one snapshot’s only', () => {
  assert.equal(selectSnapshot(points, 'A1B2C'), points[0]);
  assert.throws(() => selectSnapshot(points, 'a1b2'), {
    code: 'snapshot.ambiguous',
    hint: 'type more of it: a1b2c3d4e5f6 or a1b2ffff0000',
  });
});

test('an unknown id is answered with the nearest ones', () => {
  assert.throws(() => selectSnapshot(points, '7777777a'), {
    code: 'snapshot.unknown',
    message: 'there is no snapshot whose id starts with "7777777a"',
    hint: 'did you mean 77777777 of 2026-11-01T03:00:00Z',
  });
  assert.throws(() => selectSnapshot(points, 'zzzzzzzz'), { code: 'snapshot.unknown', hint: /surety list/ });
  assert.throws(() => selectSnapshot(points, ''), { code: 'snapshot.unknown' });
});
