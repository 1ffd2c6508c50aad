import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectById } from './selection.ts';

const points = [
  { id: 'a1b2c3d4e5f60000', time: new Date('2026-11-02T03:00:00Z') },
  { id: 'a1b2ffff00001111', time: new Date('2026-11-03T03:00:00Z') },
  { id: '77777777aaaabbbb', time: new Date('2026-11-01T03:00:00Z') },
];

test('the beginning of an id is enough when it is one snapshot’s only', () => {
  assert.equal(selectById(points, 'A1B2C'), points[0]);
  assert.throws(() => selectById(points, 'a1b2'), {
    code: 'snapshot.ambiguous',
    hint: 'type more of it: a1b2c3d4e5f6 or a1b2ffff0000',
  });
});

test('an unknown id is answered with the nearest ones', () => {
  assert.throws(() => selectById(points, '7777777a'), {
    code: 'snapshot.unknown',
    message: 'there is no snapshot whose id starts with "7777777a"',
    hint: 'did you mean 77777777 of 2026-11-01T03:00:00Z',
  });
  assert.throws(() => selectById(points, 'zzzzzzzz'), { code: 'snapshot.unknown', hint: /surety list/ });
  assert.throws(() => selectById(points, ''), { code: 'snapshot.unknown' });
  assert.throws(() => selectById(points, 'lastest'), { code: 'snapshot.unknown', hint: 'did you mean latest' });
});
