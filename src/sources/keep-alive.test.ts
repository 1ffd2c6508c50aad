import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepAlive } from './keep-alive.ts';

/** Lets what a timer started come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('work is told to be alive while there is a sign of it, and not after its end', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let told = 0;
  let sign = true;
  const { promise, resolve } = Promise.withResolvers<string>();
  const done = keepAlive(
    promise,
    () => {
      told += 1;
    },
    async () => sign,
  );
  t.mock.timers.tick(2000);
  await settle();
  assert.equal(told, 2);
  sign = false;
  t.mock.timers.tick(2000);
  await settle();
  assert.equal(told, 2);
  sign = true;
  resolve('done');
  assert.equal(await done, 'done');
  t.mock.timers.tick(2000);
  await settle();
  assert.equal(told, 2);
});

test('a failure of the work is its own', async () => {
  await assert.rejects(
    keepAlive(Promise.reject(new Error('broken')), () => {}),
    /broken/,
  );
});
