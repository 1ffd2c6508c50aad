import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Measured, oddities } from './unusual.ts';

const MINUTE_MS = 60_000;
const MIB = 1024 ** 2;
const run = (minutes: number, mebibytes: number | undefined): Measured => ({
  durationMs: minutes * MINUTE_MS,
  sizeBytes: mebibytes === undefined ? undefined : mebibytes * MIB,
});
const USUAL = [run(10, 500), run(11, 510), run(9, 490), run(10, 505), run(12, 500)];
const textsOf = (now: Measured, before: readonly Measured[] = USUAL) => oddities(now, before).map(({ text }) => text);

test('what is like the runs before is not odd', () => {
  assert.deepEqual(textsOf(run(30, 1000)), []);
  assert.deepEqual(textsOf(run(1, 250)), []);
});

test('more than double or less than half the size is odd, with both sizes', () => {
  assert.deepEqual(textsOf(run(10, 1024)), ['is much larger than usual: 1 GiB, and about 500 MiB before']);
  assert.deepEqual(textsOf(run(10, 200)), ['is much smaller than usual: 200 MiB, and about 500 MiB before']);
  assert.deepEqual(textsOf(run(10, 0)), ['is much smaller than usual: 0 B, and about 500 MiB before']);
});

test('more than three times as long is odd, with both times; shorter is not', () => {
  assert.deepEqual(textsOf(run(31, 500)), ['took much longer than usual: 31m 00s, and about 10m 00s before']);
  assert.deepEqual(textsOf(run(0, 500)), []);
});

test('with few runs before nobody knows what is usual, and unknown sizes are not counted', () => {
  assert.deepEqual(textsOf(run(500, 9000), USUAL.slice(0, 3)), []);
  assert.deepEqual(
    textsOf(
      run(10, 9000),
      USUAL.map(({ durationMs }) => ({ durationMs, sizeBytes: undefined })),
    ),
    [],
  );
  assert.deepEqual(textsOf(run(10, undefined)), []);
});

test('what is small or quick may vary', () => {
  const small = USUAL.map(() => ({ durationMs: 1000, sizeBytes: 3000 }));
  assert.deepEqual(textsOf({ durationMs: 299_000, sizeBytes: 900_000 }, small), []);
});

test('one odd run among the runs before does not change what is usual, and four make it so', () => {
  const odd = run(100, 5000);
  assert.equal(oddities(odd, [odd, ...USUAL]).length, 2);
  assert.deepEqual(oddities(odd, [odd, odd, odd, odd, odd, ...USUAL]), []);
});

const measured = fc.record({
  durationMs: fc.nat(10 * 3_600_000),
  sizeBytes: fc.option(fc.nat(10 ** 9), { nil: undefined }),
});

test('for any history: a repetition is never odd, nothing is said twice, and the order of the runs that count is not looked at', () => {
  fc.assert(
    fc.property(measured, fc.array(measured, { maxLength: 12 }), (now, before) => {
      assert.deepEqual(
        oddities(
          now,
          Array.from({ length: before.length }, () => now),
        ),
        [],
      );
      const found = oddities(now, before);
      assert.equal(new Set(found.map(({ what }) => what)).size, found.length);
      assert.deepEqual(oddities(now, before.slice(0, 7).toReversed()), found);
      if (before.length < 4) assert.deepEqual(found, []);
    }),
  );
});

test('for any history: larger than a size that is oddly large is odd too, and so it is with time', () => {
  fc.assert(
    fc.property(measured, fc.array(measured, { maxLength: 12 }), fc.nat(10 ** 9), (now, before, more) => {
      const saidOf = (one: Measured, word: string) => oddities(one, before).some(({ text }) => text.includes(word));
      const larger = { ...now, sizeBytes: (now.sizeBytes ?? 0) + more };
      if (saidOf(now, 'larger')) assert.ok(saidOf(larger, 'larger'));
      if (saidOf(now, 'longer')) assert.ok(saidOf({ ...now, durationMs: now.durationMs + more }, 'longer'));
    }),
  );
});
