import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { restoreTime } from './restore-time.ts';

const at = (n: number) => new Date(Date.UTC(2026, 10, n));
const restore = (day: number, durationMs: number, sizeBytes: number) => ({ at: at(day), durationMs, sizeBytes });
const reading = (day: number, durationMs: number, readBytes: number) => ({ at: at(day), durationMs, readBytes });
const GB = 10 ** 9;

test('without a measurement there is no answer', () => {
  assert.equal(restoreTime({ sizeBytes: GB, storedBytes: GB }, [], []), undefined);
});

test('the slowest of the three newest restores counts, older ones do not', () => {
  const restores = [restore(9, 100, GB), restore(8, 300, GB), restore(7, 200, GB), restore(6, 9000, GB)];
  assert.deepEqual(restoreTime({ sizeBytes: GB, storedBytes: undefined }, restores, []), {
    expectedMs: 300,
    from: 'restores',
    measuredAt: at(9),
    measurements: 3,
  });
});

test('more to restore takes longer, less does not make it faster', () => {
  const takes = (sizeBytes: number) =>
    restoreTime({ sizeBytes, storedBytes: undefined }, [restore(9, 100, GB)], [])?.expectedMs;
  assert.deepEqual([takes(GB / 2), takes(GB), takes(3 * GB)], [100, 100, 300]);
});

test('what was measured on a small part tells nothing of the whole', () => {
  const to = { sizeBytes: 100 * GB, storedBytes: undefined };
  assert.equal(restoreTime(to, [restore(9, 100, GB)], []), undefined);
  assert.equal(restoreTime(to, [restore(9, 100, GB), restore(8, 5000, 50 * GB)], [])?.expectedMs, 10_000);
});

test('reading what is stored is told where no restore was measured, at the rate of the newest reading', () => {
  const readings = [reading(9, 10, 1000), reading(8, 1000, GB), reading(7, 9000, GB)];
  assert.deepEqual(restoreTime({ sizeBytes: 5 * GB, storedBytes: 2 * GB }, [], readings), {
    expectedMs: 2000,
    from: 'reading',
    measuredAt: at(8),
    measurements: 1,
  });
});

test('what shares its content with others is not told by reading', () => {
  assert.equal(restoreTime({ sizeBytes: GB, storedBytes: undefined }, [], [reading(9, 1000, GB)]), undefined);
});

test('no estimate is below what any counted restore really took', () => {
  const restores = fc.array(fc.tuple(fc.integer({ min: 1, max: 10 ** 7 }), fc.nat(10 ** 12)), { maxLength: 6 });
  fc.assert(
    fc.property(restores, fc.option(fc.nat(10 ** 12), { nil: undefined }), (all, sizeBytes) => {
      const list = all.map(([durationMs, size], n) => restore(20 - n, durationMs, size));
      const found = restoreTime({ sizeBytes, storedBytes: undefined }, list, []);
      if (found === undefined) return;
      assert.ok(Number.isFinite(found.expectedMs));
      const counted = list.filter((one) => one.sizeBytes >= (sizeBytes ?? 0) / 10).slice(0, 3);
      assert.ok(counted.every(({ durationMs }) => durationMs <= found.expectedMs));
    }),
    { numRuns: 200 },
  );
});
