import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fraction, keepRules, positiveInteger, subset } from './parse-option.ts';

test('a subset is a part, a percentage or a size', () => {
  assert.deepEqual(subset('1/5'), { part: 1, of: 5 });
  assert.deepEqual(subset('2.5%'), { percent: 2.5 });
  assert.deepEqual(subset('2GiB'), { sizeBytes: 2 * 2 ** 30 });
});

for (const text of ['0/5', '6/5', '0%', '101%', '5', '', 'GiB', '-1MiB', '1/0']) {
  test(`"${text}" is no subset`, () => {
    assert.throws(() => subset(text), { code: 'commander.invalidArgument' });
  });
}

test('keep rules are names with numbers', () => {
  assert.deepEqual(keepRules('daily=7, yearly=all'), { daily: 7, yearly: 'all' });
  assert.equal(keepRules('daily-28'), 'daily-28');
  assert.throws(() => keepRules('dayly=7'), /names are last, hourly/);
  assert.throws(() => keepRules('daily'), /Write rules/);
});

test('whole numbers begin with 1, and shares are percentages', () => {
  assert.equal(positiveInteger('12'), 12);
  for (const text of ['0', '-1', '1.5', 'x', '']) assert.throws(() => positiveInteger(text));
  assert.equal(fraction('5%'), 0.05);
  assert.throws(() => fraction('200%'));
});
