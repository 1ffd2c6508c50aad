import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Store } from '../../src/stores/store.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { CEPH_PROGRAMS, startCeph } from '../fixtures/ceph-server.ts';
import { noise } from '../fixtures/content.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { freshName, openTestStore } from '../fixtures/s3-store.ts';
import { until } from '../fixtures/until.ts';

const how = { signal: new AbortController().signal };
const MIB = 2 ** 20;

describe('a service that is killed while it is written to', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  test('has all that was promised when it is back, whole, and writers go on', async () => {
    await using ceph = await startCeph({ kind: 'bluestore' });
    const options = { bucket: freshName('power'), partSizeBytes: 5 * MIB, idleTimeoutMs: 10_000 };
    const policy = { attempts: 60, firstDelayMs: 50, longestDelayMs: 250 };
    await using store = await openTestStore(ceph, options, { create: true, policy });
    const lasting = withRetry(store, { policy });
    const bodies = Array.from({ length: 40 }, (_, at) => noise(at, at % 10 === 9 ? 7 * MIB : 40_000 + at));
    const promised = new Set<number>();
    const writing = bodies.map(async (body, at) => {
      await new Promise((resolve) => setTimeout(resolve, at * 20));
      await lasting.put(`data/${at}`, body, how);
      promised.add(at);
    });
    await until(() => promised.size >= 10, 'ten objects are written', { everyMs: 5 });
    await ceph.kill();
    const before = [...promised];
    assert.ok(before.length < bodies.length, 'some were under way');
    await ceph.start();
    await holdsAll(store, bodies, before);
    await Promise.all(writing);
    await holdsAll(store, bodies, [...bodies.keys()]);
  });
});

async function holdsAll(store: Store, bodies: readonly Uint8Array[], which: readonly number[]): Promise<void> {
  const lasting = withRetry(store);
  for (const at of which) {
    const read = await lasting.read(`data/${at}`, undefined, how);
    assert.equal(Buffer.compare(read, bodies[at]!), 0, `data/${at}`);
  }
}
