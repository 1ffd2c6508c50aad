import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eachConcurrently, openGate } from './limit.ts';

const { signal } = new AbortController();

test('a gate lets in no more than its places, in the order of coming', async () => {
  const gate = openGate(3);
  const order: number[] = [];
  let inside = 0;
  let most = 0;
  const call = (index: number) =>
    gate.run(async () => {
      order.push(index);
      most = Math.max(most, ++inside);
      await turn();
      inside -= 1;
    }, signal);
  await Promise.all(Array.from({ length: 20 }, (_, index) => call(index)));
  assert.equal(most, 3);
  assert.deepEqual(
    order,
    [...order].sort((left, right) => left - right),
  );
});

test('a place is given back after a failure, and only once', async () => {
  const gate = openGate(1);
  await assert.rejects(gate.run(() => Promise.reject(new Error('odd')), signal));
  const leave = await gate.enter(signal);
  leave();
  leave();
  await gate.enter(signal);
  let entered = false;
  void gate.enter(signal).then(() => {
    entered = true;
  });
  await turn();
  assert.equal(entered, false);
});

test('who gives up waiting takes no place', async () => {
  const gate = openGate(1);
  const leave = await gate.enter(signal);
  const controller = new AbortController();
  const waiting = gate.enter(controller.signal);
  const reason = new Error('stop');
  controller.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  leave();
  await gate.enter(signal);
});

test('every item is worked on once, a bounded number at a time', async () => {
  const done: number[] = [];
  let inside = 0;
  let most = 0;
  await eachConcurrently(numbers(50), 4, signal, async (item) => {
    most = Math.max(most, ++inside);
    await turn();
    inside -= 1;
    done.push(item);
  });
  assert.equal(most, 4);
  assert.deepEqual(
    done.sort((left, right) => left - right),
    [...Array(50).keys()],
  );
});

test('after a failure no item is begun, those under way are told and awaited, and the failure is thrown', async () => {
  const failure = new Error('odd');
  let begun = 0;
  let ended = 0;
  let told = 0;
  const outcome = eachConcurrently(numbers(1000), 3, signal, async (item, itemSignal) => {
    begun += 1;
    if (item === 5) throw failure;
    await turn();
    await turn();
    if (itemSignal.aborted) told += 1;
    ended += 1;
  });
  await assert.rejects(outcome, (error) => error === failure);
  assert.equal(ended, begun - 1);
  assert.ok(begun < 10);
  assert.ok(told > 0);
});

test('an abort ends it with the reason', async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const outcome = eachConcurrently(numbers(1000), 2, controller.signal, async (item) => {
    if (item === 3) controller.abort(reason);
    await turn();
  });
  await assert.rejects(outcome, (error) => error === reason);
});

test('a failure of the items themselves is thrown after what is under way has ended', async () => {
  const failure = new Error('listing broke');
  let ended = 0;
  async function* broken() {
    yield 1;
    yield 2;
    throw failure;
  }
  const outcome = eachConcurrently(broken(), 5, signal, async () => {
    await turn();
    ended += 1;
  });
  await assert.rejects(outcome, (error) => error === failure);
  assert.equal(ended, 2);
});

function* numbers(count: number): Generator<number> {
  for (let item = 0; item < count; item++) yield item;
}
