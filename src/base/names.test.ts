import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compareNames, comparePaths, decodeName, displayName, encodeName, sortNames, systemPath } from './names.ts';

/** Bytes that are mostly near misses of UTF-8, with the lead and continuation bytes that matter. */
const tricky = fc.oneof(
  fc.constantFrom(0x00, 0x2f, 0x41, 0x7f, 0x80, 0x9f, 0xa0, 0xbd, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xee, 0xef),
  fc.constantFrom(0xf0, 0xf3, 0xf4, 0xf5, 0xf8, 0xfe, 0xff),
  fc.nat(255),
);
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => Buffer.from(value, 'utf8'));
const bytes = fc.oneof(
  fc.array(tricky, { maxLength: 12 }).map((values) => Buffer.from(values)),
  text,
  fc.tuple(text, fc.array(tricky, { maxLength: 3 }), text).map(([a, b, c]) => Buffer.concat([a, Buffer.from(b), c])),
);

test('every sequence of bytes comes back from its name', () => {
  fc.assert(
    fc.property(bytes, (name) => encodeName(decodeName(name)).equals(name)),
    { numRuns: 3000 },
  );
});

test('valid UTF-8 is its ordinary string, also with the replacement character in it', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => decodeName(Buffer.from(name, 'utf8')) === name));
  assert.equal(decodeName(Buffer.from('a\ufffdb', 'utf8')), 'a\ufffdb');
  assert.equal(decodeName(Buffer.from('efbfbdff', 'hex')), '\ufffd\udcff');
});

test('bytes that are not UTF-8 become U+DC80 to U+DCFF one by one', () => {
  for (const [hex, name] of [
    ['ff', '\udcff'],
    ['61e962', 'a\udce9b'],
    ['c080', '\udcc0\udc80'],
    ['e08080', '\udce0\udc80\udc80'],
    ['eda080', '\udced\udca0\udc80'],
    ['f09f9880', '\u{1f600}'],
    ['f09f98', '\udcf0\udc9f\udc98'],
    ['f4908080', '\udcf4\udc90\udc80\udc80'],
    ['e282', '\udce2\udc82'],
    ['e2822f61', '\udce2\udc82/a'],
  ] as const)
    assert.equal(decodeName(Buffer.from(hex, 'hex')), name, hex);
});

test('a path is decoded as its names are', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 4 }), (names) => {
      const joined = names.flatMap((name, at) => (at === 0 ? [name] : [Buffer.from('/'), name]));
      return decodeName(Buffer.concat(joined)) === names.map((name) => decodeName(name)).join('/');
    }),
  );
});

test('paths are ordered depth first', () => {
  const ordered = ['a', 'a/b', 'a/b/c', 'a/c', 'a-b', 'a-b/c', 'b', '\uffff', '\u{1f600}'];
  assert.deepEqual(ordered.toReversed().sort(comparePaths), ordered);
  assert.equal(comparePaths('a/b', 'a/b'), 0);
});

test('names are ordered as their bytes are', () => {
  fc.assert(
    fc.property(bytes, bytes, (left, right) => {
      const order = Buffer.compare(left, right);
      assert.equal(Math.sign(compareNames(decodeName(left), decodeName(right))), order);
    }),
    { numRuns: 3000 },
  );
});

test('sorting names gives the order of their bytes', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 20 }), (names) => {
      const expected = [...names].sort(Buffer.compare).map((name) => decodeName(name));
      assert.deepEqual(sortNames(names.map((name) => decodeName(name))), expected);
    }),
  );
});

test('the system gets a string where that is exact and bytes otherwise', () => {
  assert.equal(systemPath('/srv/é'), '/srv/é');
  assert.deepEqual(systemPath('/srv/\udce9'), Buffer.from('/srv/\xe9', 'latin1'));
});

test('a name for people can not steer a terminal', () => {
  assert.equal(displayName('a\n\x1b[31m\x7f'), 'a\\x0a\\x1b[31m\\x7f');
  assert.equal(displayName('\udce9t\u00e9 \u{1f600}'), '\\xe9té \u{1f600}');
  assert.equal(displayName('a\u009b31m\u202egpj.exe\u2066'), 'a\\u009b31m\\u202egpj.exe\\u2066');
});

test('a name for people has no control or lone character left', () => {
  fc.assert(
    fc.property(bytes, (name) => {
      const shown = displayName(decodeName(name));
      return shown.isWellFormed() && !/\p{Cc}/u.test(shown);
    }),
  );
});
