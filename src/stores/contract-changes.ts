/** Many at once, and bodies that are replaced while others look. */
import assert from 'node:assert/strict';
import { systemClock } from '../base/clock.ts';
import { SuretyError } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import { how, keys, pieces, rejects, type StoreChecks, sample } from './contract-sample.ts';

const ROUNDS = 6;

export const changeChecks: StoreChecks = {
  async 'of bodies put under one key at once, one is there as a whole'(store) {
    const bodies = Array.from({ length: 8 }, (_, index) => sample(60_000 + 1000 * index));
    await Promise.all(bodies.map((body) => store.put('one', body, how)));
    const found = await store.read('one', undefined, how);
    const whole = bodies.some((body) => Buffer.compare(body, found) === 0);
    assert.ok(whole, `what is there (${found.length} bytes) is none of the bodies`);
    assert.equal((await store.stat('one', how))?.sizeBytes, found.length);
    assert.deepEqual(await keys(store, ''), ['one']);
  },

  async 'what is read while it is replaced is one body or the other, as a whole'(store) {
    const bodies = [sample(150_000, 1), sample(150_000, 2)];
    await store.put('one', bodies[0]!, how);
    let done = false;
    const write = async () => {
      for (let round = 1; round <= ROUNDS; round++) await store.put('one', bodies[round % 2]!, how);
      done = true;
    };
    const look = async (read: () => Promise<Uint8Array>) => {
      while (!done) {
        const found = await read().catch((error: unknown) => {
          // It may fail, but not with bytes of both.
          if (error instanceof SuretyError && error.code !== 'store.not-found') return bodies[0]!;
          throw error;
        });
        assert.ok(
          bodies.some((body) => Buffer.compare(body, found) === 0),
          'what was read is neither body',
        );
        await systemClock.sleep(1, how.signal);
      }
    };
    await Promise.all([
      write(),
      look(() => store.read('one', undefined, how)),
      look(() => collectBytes(store.stream('one', undefined, how))),
    ]);
  },

  async 'what was deleted can be put again'(store) {
    for (const sizeBytes of [100, 50, 100]) {
      await store.put('again', sample(sizeBytes), { ...how, ifAbsent: true });
      assert.deepEqual(await store.read('again', undefined, how), sample(sizeBytes));
      assert.deepEqual(await keys(store, ''), ['again']);
      await store.delete('again', how);
      await rejects(store.read('again', undefined, how), 'store.not-found');
      assert.deepEqual(await keys(store, ''), []);
    }
  },

  async 'a list ends well while keys come and go, and has what was there all the time'(store) {
    const steady = Array.from({ length: 30 }, (_, index) => `steady/${index}`);
    await Promise.all(steady.map((key) => store.put(key, sample(2), how)));
    let done = false;
    const change = async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await store.put(`passing/${round}`, { open: () => pieces(sample(5000), 1000) }, how);
        await store.delete(`passing/${round}`, how);
      }
      done = true;
    };
    const look = async () => {
      do {
        const found = await keys(store, '');
        assert.equal(new Set(found).size, found.length, 'each key comes once');
        const missing = steady.filter((key) => !found.includes(key));
        assert.deepEqual(missing, []);
        await systemClock.sleep(1, how.signal);
      } while (!done);
    };
    await Promise.all([change(), look()]);
  },
};
