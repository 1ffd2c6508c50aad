import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openByteBudget } from './byte-budget.ts';

const never = new AbortController().signal;

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol('waiting');
  const later = new Promise((resolve) => setImmediate(resolve, waiting));
  return (await Promise.race([promise.catch(() => undefined), later])) !== waiting;
}

test('what fits is let in at once, what does not waits until enough is given back', async () => {
  const budget = openByteBudget(100);
  await budget.take(60, never);
  await budget.take(40, never);
  const next = budget.take(50, never);
  assert.equal(await isSettled(next), false);
  budget.give(40);
  assert.equal(await isSettled(next), false);
  budget.give(60);
  assert.equal(await isSettled(next), true);
});

test('more than the whole budget is let in when it is alone', async () => {
  const budget = openByteBudget(100);
  await budget.take(1000, never);
  const next = budget.take(1, never);
  assert.equal(await isSettled(next), false);
  budget.give(1000);
  await next;
});

test('a small one does not overtake a large one that came before it', async () => {
  const budget = openByteBudget(100);
  await budget.take(80, never);
  const large = budget.take(90, never);
  const small = budget.take(10, never);
  assert.equal(await isSettled(small), false);
  budget.give(80);
  await large;
  await small;
});

test('one that gives up waiting lets those behind it in', async () => {
  const budget = openByteBudget(100);
  await budget.take(80, never);
  const stop = new AbortController();
  const large = budget.take(90, stop.signal);
  const small = budget.take(10, never);
  stop.abort(new Error('enough'));
  await assert.rejects(large, /enough/);
  await small;
});
