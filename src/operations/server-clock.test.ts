import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../engines/engine.ts';
import { requireServerClock } from './server-clock.ts';

const how = { signal: new AbortController().signal };
const NOW = new Date(Date.UTC(2026, 2, 1, 12));

function engineAt(offsetMs: number | undefined): Engine {
  const service = offsetMs === undefined ? undefined : { now: async () => new Date(NOW.getTime() + offsetMs) };
  return { service, traits: { location: 's3://bucket' } } as unknown as Engine;
}

test('a clock within ten minutes of the service is believed, and one where there is no service', async () => {
  for (const offsetMs of [undefined, 0, 600_000, -600_000]) await requireServerClock(engineAt(offsetMs), NOW, how);
});

test('a clock that is ahead or behind is refused with how much, and with what to do', async () => {
  await assert.rejects(requireServerClock(engineAt(-2 * 3_600_000), NOW, how), {
    code: 'store.clock',
    message: "nothing is removed: this machine's clock is 2h ahead of that of s3://bucket",
    hint: /--allow-clock/,
  });
  await assert.rejects(requireServerClock(engineAt(660_000), NOW, how), { message: /11m behind that of/ });
});
