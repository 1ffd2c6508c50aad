import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, utcStamp } from './clock.ts';

test('a stamp is the UTC time to the second and sorts by time', () => {
  assert.equal(utcStamp(new Date('2026-11-20T03:07:00.999Z')), '20261120T030700Z');
  assert.ok(utcStamp(new Date('2026-11-20T03:07:00Z')) < utcStamp(new Date('2026-11-20T10:00:00Z')));
});

test('sleep ends at once with the reason of an aborted signal', async () => {
  const reason = new Error('stop');
  await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await assert.rejects(sleeping, reason);
});

test('sleep that is longer than a timer of the system can wait does not end at once', async () => {
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60 * 86_400_000, controller.signal);
  const first = Promise.race([
    sleeping.then(() => 'woke'),
    systemClock.sleep(20, controller.signal).then(() => 'sleeps'),
  ]);
  assert.equal(await first, 'sleeps');
  controller.abort(new Error('stop'));
  await assert.rejects(sleeping, /stop/);
});

test('sleep lasts as long as asked', async () => {
  const before = systemClock.elapsedMs();
  await systemClock.sleep(20, new AbortController().signal);
  assert.ok(systemClock.elapsedMs() - before >= 18);
});
