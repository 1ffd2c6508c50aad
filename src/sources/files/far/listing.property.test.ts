import assert from 'node:assert/strict';
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { busyboxPrograms, farSource, pythonPrograms, reachWithPath } from '../../../../test/fixtures/far-files.ts';
import { filesSource, makeScratch, readAll } from '../../../../test/fixtures/files-source.ts';
import { skipWithout } from '../../../../test/fixtures/programs.ts';
import { encodeName } from '../../../base/names.ts';
import { makeFifo } from '../../../base/posix.ts';
import { openLocal } from '../../../reach/local.ts';
import type { Reach } from '../../../reach/reach.ts';

/** A directory by the names in it; a text says what else it is. */
type Kind = 'file' | 'link' | 'fifo' | 'cache' | 'twin';
type Tree = Readonly<{ [name: string]: Tree | Kind }>;

const NAMES = [
  'a',
  'b',
  '-a',
  'a.b',
  'x.saving',
  ' ',
  "'",
  'new\nline',
  '\nb',
  'tab\t',
  '\udce9',
  '\ufffd',
  '\u{1f40b}',
  '"\\x',
  '#',
  '<0',
  '@',
  '>t0',
  'e -> f',
];

const { tree } = fc.letrec<{ tree: Tree; child: Tree | Kind }>((tie) => ({
  tree: fc.dictionary(fc.constantFrom(...NAMES), tie('child'), { maxKeys: 5, noNullPrototype: true }),
  child: fc.oneof({ maxDepth: 4 }, fc.constantFrom<Kind>('file', 'link', 'fifo', 'cache', 'twin'), tie('tree')),
}));

const patterns = fc.subarray(['a', '*.saving', 'b/', 'a/b', '*\nb', '?', 'a*', '"\\\\x', '-a'], { maxLength: 3 });

function plant(path: string, made: Tree): void {
  mkdirSync(encodeName(path), { recursive: true });
  for (const [name, child] of Object.entries(made)) {
    const inner = `${path}/${name}`;
    if (typeof child !== 'string') plant(inner, child);
    else if (child === 'file') writeFileSync(encodeName(inner), name);
    else if (child === 'link') symlinkSync(encodeName(`${name}' -> '${name}\n`), encodeName(inner));
    else if (child === 'fifo') makeFifo(inner, 0o600);
    else if (child === 'cache') plantCache(inner);
    else {
      writeFileSync(encodeName(inner), '');
      linkSync(encodeName(inner), encodeName(`${inner}.twin`));
    }
  }
}

function plantCache(path: string): void {
  plant(path, { kept: 'file', 'left out': { a: 'file' } });
  writeFileSync(encodeName(`${path}/CACHEDIR.TAG`), 'Signature: 8a477f597d28d172789f06886806bc55 and more');
}

const scratch = makeScratch();
const folder = scratch.path;
after(() => scratch[Symbol.dispose]());

function lists(name: string, runs: number, reach: () => Reach, skip: string | false = false): void {
  test(`a tree that another host lists with ${name} is what a walk here finds`, { skip }, async () => {
    await fc.assert(
      fc.asyncProperty(tree, patterns, fc.boolean(), async (made, exclude, exclude_caches) => {
        const root = join(folder, 'root');
        rmSync(root, { recursive: true, force: true });
        plant(root, made);
        const raw = { paths: ['root'], exclude, exclude_caches };
        const here = await readAll(filesSource(raw, folder));
        const there = await readAll(farSource(raw, { folder, reach: reach() }));
        assert.deepEqual(there.entries, here.entries);
        assert.deepEqual([there.warnings, there.facts.emptyRoots], [[], here.facts.emptyRoots]);
      }),
      { numRuns: runs },
    );
  });
}

lists('find of GNU', 25, openLocal);
let busybox: Reach | undefined;
lists(
  'find and stat of busybox',
  12,
  () => {
    busybox ??= reachWithPath(busyboxPrograms(folder));
    return busybox;
  },
  skipWithout('busybox'),
);
let python: Reach | undefined;
lists('Python', 8, () => {
  python ??= reachWithPath(pythonPrograms(folder));
  return python;
});
