import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../../base/errors.ts';
import { inFreeSecond } from './free-second.ts';

const FOREVER = new AbortController().signal;

function clockAt(nowMs: number) {
  return {
    now: () => new Date(nowMs),
    async sleep(ms: number) {
      // A little early, as timers are.
      nowMs += ms - 1;
    },
  };
}

const taken = (retry: 'later' | 'never') => new SuretyError('target.exists', 'a name is taken', { retry });

test('a swap whose name is taken is done in the next free second', async () => {
  const tried: string[] = [];
  const swap = (failures: number, error: Error) =>
    inFreeSecond(
      (now) => {
        tried.push(now.toISOString());
        if (tried.length <= failures) throw error;
        return tried.length;
      },
      FOREVER,
      clockAt(Date.UTC(2026, 0, 1, 0, 0, 0, 250)),
    );
  assert.equal(await swap(1, taken('later')), 2);
  assert.deepEqual(tried.splice(0), ['2026-01-01T00:00:00.250Z', '2026-01-01T00:00:01.000Z']);
  assert.equal(await swap(2, taken('later')), 3);
  assert.deepEqual(tried.splice(0).slice(1), ['2026-01-01T00:00:01.000Z', '2026-01-01T00:00:02.000Z']);
  await assert.rejects(swap(99, taken('later')), /a name is taken/);
  assert.equal(tried.splice(0).length, 10);
  for (const other of [taken('never'), new Error('another')]) {
    await assert.rejects(swap(1, other), other);
    assert.equal(tried.splice(0).length, 1);
  }
});
