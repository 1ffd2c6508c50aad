import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createSelection } from './selection.ts';

const PATHS = [
  'a',
  'a/b',
  'a/b/c.txt',
  'a/b/d.txt',
  'a/x.txt',
  'a/x.txt.old',
  'b',
  'b/deep',
  'b/deep/er',
  'b/deep/er/c.txt',
  'b/st*r',
  'b/star',
  'b/\udc80x',
  'é.txt',
];

/** Paths that a walk yields: wanted ones with what is below them. */
function selected(...select: string[]): string[] {
  const selection = createSelection(select);
  const isWanted = (path: string): boolean => {
    const parts = path.split('/');
    return parts.some((_, at) => selection.wants(parts.slice(0, at + 1).join('/')));
  };
  return PATHS.filter(isWanted);
}

describe('a selection', () => {
  test('of nothing in particular, or of the root, is everything', () => {
    assert.ok(createSelection(undefined).wants('a'));
    for (const root of ['/', '', './']) assert.deepEqual(selected(root), PATHS);
  });

  test('of a path is the entry and what is below it, slashes around it or not', () => {
    for (const path of ['a/b', '/a/b', 'a/b/', './a/b']) {
      assert.deepEqual(selected(path), ['a/b', 'a/b/c.txt', 'a/b/d.txt']);
    }
    assert.deepEqual(selected('a/x.txt'), ['a/x.txt']);
    assert.deepEqual(selected('x.txt'), []);
  });

  test('a star and a question mark stay within one name', () => {
    assert.deepEqual(selected('*.txt'), ['é.txt']);
    assert.deepEqual(selected('a/*.txt'), ['a/x.txt']);
    assert.deepEqual(selected('a/b/?.txt'), ['a/b/c.txt', 'a/b/d.txt']);
    assert.deepEqual(selected('?.txt'), ['é.txt']);
    assert.deepEqual(selected('*/b'), ['a/b', 'a/b/c.txt', 'a/b/d.txt']);
  });

  test('two stars go over directories', () => {
    assert.deepEqual(selected('**/c.txt'), ['a/b/c.txt', 'b/deep/er/c.txt']);
    assert.deepEqual(selected('**/*.txt'), ['a/b/c.txt', 'a/b/d.txt', 'a/x.txt', 'b/deep/er/c.txt', 'é.txt']);
    assert.deepEqual(selected('b/**/c.txt'), ['b/deep/er/c.txt']);
    assert.deepEqual(selected('b/deep/**'), ['b/deep/er', 'b/deep/er/c.txt']);
  });

  test('a name that looks like a pattern can be named, and other signs mean nothing', () => {
    assert.deepEqual(selected('b/st*r'), ['b/st*r', 'b/star']);
    assert.deepEqual(selected('a/x.t[xt]t'), []);
    assert.deepEqual(selected('a/(x).txt', 'a/x+txt', '{a,b}'), []);
    assert.deepEqual(selected('b/?x'), ['b/\udc80x']);
  });

  test('tells what it found nothing for', () => {
    const selection = createSelection(['a/b', 'nothing', '*.none']);
    selection.wants('a/b');
    assert.deepEqual(selection.unmet(), ['nothing', '*.none']);
  });

  test('leads to everything it wants', () => {
    const part = fc.constantFrom('a', 'b', 'deep', 'er', '*', '?', '**', 'c.txt', 'x*', '**x');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const selection = createSelection([parts.join('/')]);
        for (const path of PATHS) {
          if (!selection.wants(path)) continue;
          const above = path.split('/').slice(0, -1);
          above.forEach((_, at) => {
            const directory = above.slice(0, at + 1).join('/');
            assert.ok(selection.mayWantBelow(directory), `${parts.join('/')} wants ${path} below ${directory}`);
          });
        }
      }),
    );
  });

  test('does not lead where nothing can be', () => {
    const selection = createSelection(['a/b', 'c/*/e']);
    assert.ok(selection.mayWantBelow('a') && selection.mayWantBelow('c') && selection.mayWantBelow('c/d'));
    for (const path of ['b', 'a/c', 'c/d/e', 'ab']) assert.ok(!selection.mayWantBelow(path), path);
  });
});
