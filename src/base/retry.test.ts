import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { SuretyError } from './errors.ts';
import { defaultRetryPolicy, type RetryPolicy, retry, retryDelayMs, shortRetryPolicy } from './retry.ts';

const { signal } = new AbortController();
const later = new SuretyError('store.unavailable', 'not now', { retry: 'later' });

/** A clock whose pauses are over at once and are remembered. */
function fastClock(): { clock: Clock; pausesMs: number[] } {
  const pausesMs: number[] = [];
  return { pausesMs, clock: { ...systemClock, sleep: async (durationMs) => void pausesMs.push(durationMs) } };
}

test('a call is made again until it succeeds, with growing pauses', async () => {
  const { clock, pausesMs } = fastClock();
  const seen: number[] = [];
  const result = await retry(
    async (attempt) => {
      if (attempt < 5) throw later;
      return attempt;
    },
    { signal, clock, onRetry: ({ attempt }) => seen.push(attempt) },
  );
  assert.equal(result, 5);
  assert.deepEqual(seen, [1, 2, 3, 4]);
  for (const [index, pauseMs] of pausesMs.entries()) {
    const fullMs = defaultRetryPolicy.firstDelayMs * 2 ** index;
    assert.ok(pauseMs >= fullMs / 2 && pauseMs <= fullMs);
  }
});

test('an error that time does not heal is thrown at once', async () => {
  for (const error of [new SuretyError('store.denied', 'no'), new Error('odd')]) {
    let calls = 0;
    const outcome = retry(
      async () => {
        calls += 1;
        throw error;
      },
      { signal },
    );
    await assert.rejects(outcome, (thrown) => thrown === error);
    assert.equal(calls, 1);
  }
});

test('after the last attempt its error is thrown', async () => {
  const { clock } = fastClock();
  let calls = 0;
  const outcome = retry(
    async () => {
      calls += 1;
      throw later;
    },
    { signal, clock, policy: { attempts: 3, firstDelayMs: 1, longestDelayMs: 1 } },
  );
  await assert.rejects(outcome, (thrown) => thrown === later);
  assert.equal(calls, 3);
});

test('an abort ends the pause', async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const policy = { attempts: 3, firstDelayMs: 60_000, longestDelayMs: 60_000 };
  const outcome = retry(async () => Promise.reject(later), {
    signal: controller.signal,
    policy,
    onRetry: () => setImmediate(() => controller.abort(reason)),
  });
  await assert.rejects(outcome, (thrown) => thrown === reason);
});

test('no pause is longer than the longest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, fraction) => {
      const pauseMs = retryDelayMs(defaultRetryPolicy, attempt, fraction);
      assert.ok(pauseMs > 0 && pauseMs <= defaultRetryPolicy.longestDelayMs);
    }),
  );
});

test('where each attempt takes long to fail, few are made', async () => {
  let elapsedMs = 0;
  const clock: Clock = {
    ...systemClock,
    elapsedMs: () => elapsedMs,
    sleep: async (durationMs) => {
      elapsedMs += durationMs;
    },
  };
  let calls = 0;
  const swallowed = async () => {
    calls += 1;
    elapsedMs += 60_000;
    throw later;
  };
  await assert.rejects(retry(swallowed, { signal, clock }), later);
  assert.equal(calls, 2);
  const slow = async (attempt: number) => {
    elapsedMs += 600_000;
    if (attempt === 1) throw later;
    return 'whole';
  };
  assert.equal(await retry(slow, { signal, clock }), 'whole');
});

test('what takes long to fail is asked twice, and once only where somebody waits for it', async () => {
  const callsWith = async (policy: RetryPolicy) => {
    let elapsedMs = 0;
    let calls = 0;
    const clock = { ...systemClock, elapsedMs: () => elapsedMs, sleep: async () => {} };
    const call = async () => {
      calls += 1;
      elapsedMs += 60_000;
      throw later;
    };
    await assert.rejects(retry(call, { signal, clock, policy }), later);
    return calls;
  };
  assert.deepEqual([await callsWith(defaultRetryPolicy), await callsWith(shortRetryPolicy)], [2, 1]);
});
