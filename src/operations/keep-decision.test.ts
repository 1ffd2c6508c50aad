import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pointOf, snapshotOf } from '../../test/fixtures/snapshots.ts';
import type { Snapshot } from '../engines/engine.ts';
import { type DecisionHow, decideRepository, type KeepFor } from './keep-decision.ts';

const how: DecisionHow = { now: new Date('2026-11-25T12:00:00Z'), proven: new Set() };

const nightly = (last: number): KeepFor => ({
  job: 'nightly',
  sources: ['db', 'media'],
  policy: { last },
  timeZone: 'UTC',
});

function day(number: number, ...sources: string[]): Snapshot[] {
  const members = Object.fromEntries(sources.map((source) => [source, `${source === 'db' ? 'd' : 'e'}${number}`]));
  return pointOf({ id: `2026112${number}T030000Z-aaaa`, time: `2026-11-2${number}T03:00:00Z`, members, of: 2 });
}

function decide(snapshots: readonly Snapshot[], keep: readonly KeepFor[], given: Partial<DecisionHow> = {}) {
  const decision = decideRepository({ snapshots, unreadable: [] }, keep, { ...how, ...given });
  const shown = (list: typeof decision.keep) => list.map(({ snapshot }) => snapshot.id.replace(/0+$/, '')).sort();
  return { keep: shown(decision.keep), remove: shown(decision.remove), refused: decision.refused, decision };
}

test('each source keeps what the policy says, with the reason', () => {
  const { keep, remove, decision } = decide([...day(1, 'db', 'media'), ...day(2, 'db', 'media')], [nightly(1)]);
  assert.deepEqual(
    [keep, remove],
    [
      ['d2', 'e2'],
      ['d1', 'e1'],
    ],
  );
  assert.match(decision.keep[0]?.reasons.join() ?? '', /last 1\/1/);
  assert.match(decision.remove[0]?.reasons.join() ?? '', /not among the last 1/);
});

test('the newest complete recovery point stays whole, though its sources have newer snapshots of their own', () => {
  const { keep, remove, decision } = decide(
    [...day(1, 'db', 'media'), ...day(2, 'db', 'media'), ...day(3, 'db'), ...day(4, 'db')],
    [nightly(1)],
  );
  assert.deepEqual(
    [keep, remove],
    [
      ['d2', 'd4', 'e2'],
      ['d1', 'd3', 'e1'],
    ],
  );
  const pinned = decision.keep.find(({ snapshot }) => snapshot.id.startsWith('d2'));
  assert.deepEqual(pinned?.reasons, ['in the newest complete recovery point']);
});

test('the newest proven recovery point stays whole', () => {
  const snapshots = [...day(1, 'db', 'media'), ...day(2, 'db', 'media'), ...day(3, 'db', 'media')];
  const proven = new Set(day(1, 'db', 'media').map((snapshot) => snapshot.id));
  assert.deepEqual(decide(snapshots, [nightly(1)], { proven }).remove, ['d2', 'e2']);
});

test('a snapshot goes only if every job that has its source lets it go', () => {
  const weekly: KeepFor = { job: 'weekly', sources: ['db'], policy: { last: 2 }, timeZone: 'UTC' };
  const snapshots = [...day(1, 'db', 'media'), ...day(2, 'db', 'media'), ...day(3, 'db', 'media')];
  assert.deepEqual(decide(snapshots, [nightly(1), weekly]).remove, ['d1', 'e1', 'e2']);
  const forever: KeepFor = { job: 'forever', sources: ['media'], policy: undefined, timeZone: 'UTC' };
  assert.deepEqual(decide(snapshots, [nightly(1), forever]).remove, ['d1', 'd2']);
});

test('sources of no job and snapshots of other programs are left alone', () => {
  const foreign = snapshotOf({ id: 'f1', source: '' });
  const old = snapshotOf({ id: 'f2', source: 'removed' });
  const { remove, decision } = decide([foreign, old, ...day(1, 'db', 'media')], [nightly(1)]);
  assert.deepEqual(remove, []);
  assert.deepEqual(
    decision.keep.slice(0, 2).map(({ reasons }) => reasons[0]),
    ['not made by Surety', 'no job keeps source removed'],
  );
});

test('a snapshot that can not be read makes the whole repository untouchable', () => {
  const snapshots = [...day(1, 'db', 'media'), ...day(2, 'db', 'media')];
  const unreadable = [{ id: 'c'.repeat(64), error: new Error('damaged') }];
  const decision = decideRepository({ snapshots, unreadable }, [nightly(1)], how);
  assert.deepEqual(decision.remove, []);
  assert.match(decision.refused ?? '', /a snapshot can not be read \(cccccccc\)/);
  assert.equal(decision.keep.length, 4);
});

test('a snapshot from the future in one series makes the whole repository untouchable', () => {
  const future = pointOf({ id: 'P9', time: '2026-12-01T00:00:00Z', members: { media: 'e9' } });
  const { remove, refused, keep } = decide([...day(1, 'db'), ...day(2, 'db'), ...future], [nightly(1)]);
  assert.deepEqual(remove, []);
  assert.match(refused ?? '', /a clock is wrong/);
  assert.deepEqual(keep, ['d1', 'd2', 'e9']);
});

test('what was not stored at the time it claims takes neither a slot nor the place of the newest complete recovery point', () => {
  const good = [...day(1, 'db', 'media'), ...day(2, 'db', 'media'), ...day(3, 'db'), ...day(4, 'db')];
  const lies = day(5, 'db', 'media');
  const stored = (snapshots: readonly Snapshot[], at?: Date) =>
    snapshots.map(({ id, time }) => [id, at ?? time] as const);
  const storedAt = new Map([...stored(good), ...stored(lies, new Date('2026-11-24T20:00:00Z'))]);
  const without = decide(good, [nightly(1)]);
  const found = decide([...good, ...lies], [nightly(1)], { storedAt });
  assert.deepEqual(found.remove, without.remove);
  assert.deepEqual(found.keep, [...without.keep, 'd5', 'e5'].sort());
  // Believed, they would have pushed them out.
  assert.deepEqual(decide([...good, ...lies], [nightly(1)]).keep, ['d5', 'e5']);
});
