import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChainLine, chainedLine, checkChain, hashOfLine } from './hash-chain.ts';

function chain(records: readonly object[]): string[] {
  const texts: string[] = [];
  for (const record of records) texts.push(chainedLine(record, texts.at(-1)));
  return texts;
}

const asLines = (texts: readonly string[], from = 1): ChainLine[] =>
  texts.map((text, at) => ({ file: '0001.jsonl', number: from + at, text }));

const numbers = (many: number) => Array.from({ length: many }, (_, n) => ({ n }));

test('a chain of any records is whole and ends with the hash of its last line', () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (records) => {
      const texts = chain(records);
      const { lines, breaks, cut, beginsLater, lastHash } = checkChain(asLines(texts));
      assert.deepEqual([lines, breaks, cut, beginsLater], [records.length, [], [], false]);
      assert.equal(lastHash, texts.length === 0 ? '' : hashOfLine(texts.at(-1)!));
    }),
    { numRuns: 50 },
  );
});

test('any line that is changed, taken out, doubled or moved breaks the chain right behind it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 12 }),
      fc.nat(),
      fc.constantFrom('change', 'remove', 'double'),
      (many, at, how) => {
        const texts = chain(numbers(many));
        const place = at % (many - 2);
        const [old = ''] = texts.slice(place, place + 1);
        const instead = { change: [old.replace('"n":', '"n":1')], remove: [], double: [old, old] }[how];
        texts.splice(place, 1, ...instead);
        const report = checkChain(asLines(texts));
        if (how === 'remove' && place === 0) assert.ok(report.beginsLater);
        else assert.equal(report.breaks.length, 1);
        if (how === 'change') assert.equal(report.breaks[0]?.number, place + 2);
      },
    ),
    { numRuns: 100 },
  );
});

test('a line that was cut while it was written is told, and the chain goes on after it', () => {
  const [first = '', second = ''] = chain(numbers(2));
  const cut = second.slice(0, 10);
  const report = checkChain(asLines([first, cut, chainedLine({ n: 3 }, cut)]));
  assert.deepEqual(report.breaks, []);
  assert.deepEqual(
    report.cut.map(({ number }) => number),
    [2],
  );
});

test('a line that was made unreadable later breaks the chain', () => {
  const texts = chain(numbers(3));
  texts[1] = texts[1]!.slice(0, 10);
  assert.deepEqual(
    checkChain(asLines(texts)).breaks.map(({ number }) => number),
    [3],
  );
});

test('a chain whose beginning was put away says so and is whole', () => {
  const report = checkChain(asLines(chain(numbers(5)).slice(2), 3));
  assert.deepEqual([report.beginsLater, report.breaks], [true, []]);
});
