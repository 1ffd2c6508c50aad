import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import { HOW } from '../contract-steps.ts';
import { lockSource } from './lock.ts';
import type { Repository } from './repository.ts';

const KEY = 'locks/media.lock';

test('of two runs that took the same stale lock one goes on, and neither gives back the lock of the other', async () => {
  const records = openMemoryStore();
  const repository = { records, host: 'here', clock: systemClock } as unknown as Repository;
  const left = { host: 'here', processId: 2 ** 22 + 1, since: '2026-03-02T04:04:00Z' };
  await records.put(KEY, Buffer.from(JSON.stringify(left)), HOW);
  const first = await lockSource(repository, 'media', HOW);
  await assert.rejects(lockSource(repository, 'media', HOW), { code: 'repository.locked' });
  await first.expectHeld(HOW);
  // The other had seen the stale one before the first took it.
  await records.delete(KEY, HOW);
  const second = await lockSource(repository, 'media', HOW);
  await assert.rejects(first.expectHeld(HOW), { code: 'repository.lock-lost' });
  await first[Symbol.asyncDispose]();
  await second.expectHeld(HOW);
  await second[Symbol.asyncDispose]();
  assert.equal(await records.stat(KEY, HOW), undefined);
});
