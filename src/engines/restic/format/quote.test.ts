import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeName } from '../../../base/names.ts';
import { goString } from './go-string.ts';
import { quote, unquote } from './quote.ts';

/** Names as bytes and what Go's strconv.Quote makes of them, without the quotes. */
const GOLDEN: readonly (readonly [name: string | Buffer, quoted: string])[] = [
  ['\x07\b\f\r\n\t\v', '\\a\\b\\f\\r\\n\\t\\v'],
  ['\\', '\\\\'],
  ['say "hi"', 'say \\"hi\\"'],
  ["it's", "it's"],
  [Buffer.from('abc\xffdef', 'latin1'), 'abc\\xffdef'],
  ['\u263a', '\u263a'],
  ['\u{10ffff}', '\\U0010ffff'],
  ['\x04', '\\x04'],
  ['\0', '\\x00'],
  ['!\u00a0!\u2000!\u3000!', '!\\u00a0!\\u2000!\\u3000!'],
  ['\x7f', '\\x7f'],
  ['\u0085', '\\u0085'],
  ['\u00ad', '\\u00ad'],
  ['\u200b\u2028\ufeff', '\\u200b\\u2028\\ufeff'],
  ['\ue000', '\\ue000'],
  ['\ufffd', '\ufffd'],
  [Buffer.from([0xef, 0xbf]), '\\xef\\xbf'],
  ['\u{1f600}', '\u{1f600}'],
  ['\u{e0001}', '\\U000e0001'],
  ['e\u0301', 'e\u0301'],
  ['日本語', '日本語'],
  [Buffer.from([0xc3, 0x28, 0xa9]), '\\xc3(\\xa9'],
];

const anyName = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => decodeName(bytes)),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\udc80', 'é', '\u{1f600}', '<', '\0') }),
);

describe("names as Go's strconv.Quote writes them", () => {
  test('known names are quoted like in Go, and come back', () => {
    for (const [name, quoted] of GOLDEN) {
      const text = typeof name === 'string' ? name : decodeName(name);
      assert.equal(quote(text), quoted);
      assert.equal(unquote(quoted), text);
    }
  });

  test('every name comes back as it was', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        assert.equal(unquote(quote(name)), name);
      }),
    );
  });

  test('escapes that other writers may use are read', () => {
    assert.equal(unquote('\\101\\u0041\\U00000041\\x41'), 'AAAA');
    assert.equal(unquote('\\xc3\\xa9'), 'é');
    assert.equal(unquote('\\303\\251'), 'é');
    assert.equal(unquote('\\XFF'), undefined);
  });

  test('what Go refuses is refused', () => {
    const wrong = [
      '"',
      'a"b',
      '\\',
      '\\q',
      "\\'",
      '\\x',
      '\\x4',
      '\\xg0',
      '\\400',
      '\\18',
      '\\ud800',
      '\\U00110000',
      'a\nb',
    ];
    for (const text of wrong) assert.equal(unquote(text), undefined, text);
  });
});

describe("strings as Go's encoding/json writes them", () => {
  test('HTML and the line separators are escaped', () => {
    assert.equal(goString('a<b>&\u2028\u2029/'), '"a\\u003cb\\u003e\\u0026\\u2028\\u2029/"');
  });

  test('control characters, quotes and backslashes are escaped, other characters are not', () => {
    assert.equal(goString('"\\\n\r\t\u0001\u001f\u007fé\u{1f600}'), '"\\"\\\\\\n\\r\\t\\u0001\\u001f\u007fé\u{1f600}"');
  });

  test('an invalid byte becomes the escaped replacement character, a real one stays', () => {
    assert.equal(goString('a\udc80\\udc80\ufffd'), '"a\\ufffd\\\\udc80\ufffd"');
  });

  test('JSON.parse gives every well-formed text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(JSON.parse(goString(text)), text);
      }),
    );
  });
});
