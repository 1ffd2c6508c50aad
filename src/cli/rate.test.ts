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
