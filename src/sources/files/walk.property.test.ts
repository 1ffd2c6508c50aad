import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { filesSource, makeScratch, readAll } from '../../../test/fixtures/files-source.ts';
import { encodeName } from '../../base/names.ts';

/** A directory by the names in it; null is a file. */
type Tree = Readonly<{ [name: string]: Tree | null }>;

const NAMES = ['a', 'b', 'a.b', 'x.saving', 'é', '\udce9', '\ufffd', 'lost+found', 'new\nline', '\u{1f40b}', '\uffe6'];

const { tree } = fc.letrec<{ tree: Tree; child: Tree | null }>((tie) => ({
  tree: fc.dictionary(fc.constantFrom(...NAMES), tie('child'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
  child: fc.oneof({ maxDepth: 3 }, fc.constant(null), tie('tree')),
}));

/** A pattern and the plainest statement of what it matches: a whole path as its names. */
const PATTERNS: readonly (readonly [string, (names: readonly string[], isDirectory: boolean) => boolean])[] = [
  ['a', (names) => names.at(-1) === 'a'],
  ['*.saving', (names) => names.at(-1)!.endsWith('.saving')],
  ['lost+found', (names) => names.at(-1) === 'lost+found'],
  ['b/', (names, isDirectory) => isDirectory && names.at(-1) === 'b'],
  ['a/b', (names) => names.at(-2) === 'a' && names.at(-1) === 'b'],
  ['a.b/**', (names) => names.slice(0, -1).includes('a.b')],
  ['?', (names) => [...names.at(-1)!].length === 1],
  ['*line', (names) => names.at(-1)!.endsWith('line')],
];

function plant(path: string, tree: Tree): void {
  mkdirSync(encodeName(path));
  for (const [name, child] of Object.entries(tree))
    if (child === null) writeFileSync(encodeName(`${path}/${name}`), '');
    else plant(`${path}/${name}`, child);
}

function expected(names: readonly string[], tree: Tree, matches: (typeof PATTERNS)[number][1][]): string[] {
  const order = Object.keys(tree).sort((left, right) => Buffer.compare(encodeName(left), encodeName(right)));
  return order.flatMap((name) => {
    const [path, child] = [[...names, name], tree[name]!];
    if (matches.some((match) => match(path, child !== null))) return [];
    return [path.join('/'), ...(child === null ? [] : expected(path, child, matches))];
  });
}

test('any tree is walked whole and in order, without what any patterns exclude', async () => {
  const patterns = fc.subarray([...PATTERNS], { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(tree, patterns, async (made, chosen) => {
      using scratch = makeScratch();
      plant(`${scratch.path}/root`, made);
      const source = filesSource({ paths: ['root'], exclude: chosen.map(([pattern]) => pattern) }, scratch.path);
      const { entries } = await readAll(source);
      const matches = chosen.map(([, match]) => match);
      assert.deepEqual(
        entries.map((entry) => entry.path),
        ['root', ...expected(['root'], made, matches)],
      );
    }),
    { numRuns: 60 },
  );
});
