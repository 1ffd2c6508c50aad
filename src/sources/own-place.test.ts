import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownPlace } from './own-place.ts';

const request = { inPlace: false, dropOld: false };

test('a database of another source takes the place of one that the taker has, and of no other', () => {
  const place = (own: readonly string[] | undefined, of = 1, as?: string) =>
    ownPlace('shop', { ...request, own, as }, { source: 'stage', of });
  assert.equal(place(undefined), 'shop');
  assert.equal(place(['shop_stage']), 'shop_stage');
  assert.equal(place(['blog', 'shop'], 2), 'shop');
  assert.equal(place(['shop_stage'], 1, 'shop_test'), 'shop_test');
  assert.throws(() => place(['shop_stage'], 2), { code: 'target.failed', message: /has database shop, .*shop_stage/ });
  assert.throws(() => place(['blog', 'wiki']), { code: 'target.failed', message: /source stage has blog and wiki/ });
});
