import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRate } from './rate.ts';

test('the rate is that of the last seconds, and tells how long the rest takes', () => {
  const rate = openRate();
  rate.add(0, 0);
  assert.equal(rate.bytesPerSecond(), undefined);
  rate.add(1000, 10_000);
  assert.equal(rate.bytesPerSecond(), 100);
  for (let second = 11; second <= 60; second++) rate.add(1000 + (second - 10) * 500, second * 1000);
  assert.equal(rate.bytesPerSecond(), 500);
  assert.equal(rate.remainingMs(27_000), 2000);
  assert.equal(rate.remainingMs(undefined), undefined);
});

test('the rest is not known while nothing moves, and a new count begins anew', () => {
  const rate = openRate();
  rate.add(500, 0);
  rate.add(500, 5000);
  assert.equal(rate.remainingMs(1000), undefined);
  rate.add(10, 6000);
  assert.equal(rate.bytesPerSecond(), undefined);
});

test('what is told very often takes no more memory and time than what is told now and then', () => {
  const rate = openRate();
  const startedMs = performance.now();
  for (let file = 0; file <= 300_000; file++) rate.add(file * 1000, file / 10);
  assert.ok(performance.now() - startedMs < 2_000);
  assert.equal(Math.round(rate.bytesPerSecond()! / 1e5), 100);
});
