import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pointOf, snapshotOf } from '../../test/fixtures/snapshots.ts';
import { recoveryPoints } from './recovery-point.ts';

test('snapshots of one run are one point, its members in the order they were taken, whatever order they are listed in', () => {
  const stored = pointOf({ id: 'P1', time: '2026-11-20T03:00:00Z', members: { db: 'ff', media: 'aa' } });
  const [point, ...others] = recoveryPoints(stored.toReversed());
  assert.equal(others.length, 0);
  assert.deepEqual(
    point?.members.map((snapshot) => snapshot.source),
    ['db', 'media'],
  );
  assert.equal(point?.complete, true);
  assert.equal(point?.job, 'nightly');
});

test('a point is incomplete when a source of its run stored nothing', () => {
  const [point] = recoveryPoints(pointOf({ id: 'P1', time: '2026-11-20T03:00:00Z', members: { db: 'ff' }, of: 2 }));
  assert.equal(point?.complete, false);
  assert.equal(point?.expected, 2);
});

test('a snapshot that Surety did not write is a point of its own', () => {
  const points = recoveryPoints([snapshotOf({ id: 'aa', source: '' }), snapshotOf({ id: 'bb', source: '' })]);
  assert.deepEqual(
    points.map((point) => [point.id.slice(0, 2), point.complete, point.members.length]),
    [
      ['aa', true, 1],
      ['bb', true, 1],
    ],
  );
});

test('points are sorted from the oldest to the newest', () => {
  const late = pointOf({ id: 'P2', time: '2026-11-21T03:00:00Z', members: { db: 'aa' } });
  const early = pointOf({ id: 'P1', time: '2026-11-20T03:00:00Z', members: { db: 'bb' } });
  assert.deepEqual(
    recoveryPoints([...late, ...early]).map((point) => point.id),
    ['P1', 'P2'],
  );
});
