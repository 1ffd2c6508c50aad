import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compileGlob } from './glob.ts';

function assertMatches(glob: string, yes: readonly string[], no: readonly string[]): void {
  const expression = compileGlob(glob);
  for (const path of yes) assert.ok(expression.test(path), `${glob} matches ${JSON.stringify(path)}`);
  for (const path of no) assert.ok(!expression.test(path), `${glob} does not match ${JSON.stringify(path)}`);
}

test('stars and question marks stay within a name', () => {
  assertMatches('*.log', ['a.log', '.log', '.hidden.log', 'new\nline.log'], ['a.log.1', 'd/a.log']);
  assertMatches('a?c', ['abc', 'a\u{1f600}c', 'a\udcffc', 'a\nc'], ['ac', 'abbc', 'a/c']);
  assertMatches('/srv/*/cache', ['/srv/a/cache'], ['/srv/a/b/cache', '/srv/cache']);
});

test('two stars are any number of names', () => {
  assertMatches('/srv/**/cache', ['/srv/cache', '/srv/a/cache', '/srv/a/b/cache'], ['/srv/acache', '/other/cache']);
  assertMatches('a/**', ['a/b', 'a/b/c'], ['ab', 'b/a/c']);
  assertMatches('a**b', ['ab', 'axxb'], ['a/b']);
});

test('sets, ranges and alternatives work', () => {
  assertMatches('[a-c]1', ['a1', 'c1'], ['d1', '-1']);
  assertMatches('[!a-c]1', ['d1', '-1'], ['a1', '/1']);
  assertMatches('[]x]', [']', 'x'], ['y']);
  assertMatches('[.+(\\]', ['.', '+', '(', '\\'], ['a']);
  assertMatches('*.{tmp,bak{,2}}', ['a.tmp', 'a.bak', 'a.bak2'], ['a.bak3', 'a.{tmp']);
});

test('all else is ordinary', () => {
  assertMatches('lost+found', ['lost+found'], ['losttfound']);
  assertMatches('Copy (1).txt', ['Copy (1).txt'], ['Copy 1.txt']);
  assertMatches('!x^$|y', ['!x^$|y'], ['z']);
  assertMatches('\\*\\[\\\\', ['*[\\'], ['a[\\']);
  assertMatches('a,b}', ['a,b}'], ['a']);
});

test('a pattern that makes no sense is named', () => {
  for (const [glob, problem] of [
    ['a[b', /"\[" that is not closed/],
    ['a{b,c', /"\{" that is not closed/],
    ['a\\', /ends with a backslash/],
    ['[z-a]', /impossible range "\[z-a\]"/],
  ] as const)
    assert.throws(() => compileGlob(glob), { code: 'glob.invalid', message: problem });
});

/** The plainest matcher there is: names against names, characters against characters. */
function naiveMatch(glob: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return path.length === 0;
  if (first === '**') {
    if (rest.length === 0) return path.length > 0;
    return naiveMatch(rest, path) || (path.length > 0 && naiveMatch(glob, path.slice(1)));
  }
  return path.length > 0 && naiveName([...first], [...path[0]!]) && naiveMatch(rest, path.slice(1));
}

function naiveName(glob: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return name.length === 0;
  if (first === '*') return naiveName(rest, name) || (name.length > 0 && naiveName(glob, name.slice(1)));
  return name.length > 0 && (first === '?' || first === name[0]) && naiveName(rest, name.slice(1));
}

test('globs match as the plainest matcher does', () => {
  const character = fc.constantFrom('a', 'b', '.', '+', '(', '\n', '\u{1f600}', '\udcff');
  const name = fc.array(character, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const mask = fc
    .array(fc.oneof(character, fc.constantFrom('*', '?')), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('').replace(/\*\*+/g, '*'));
  const globs = fc.array(fc.oneof(mask, fc.constant('**')), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(globs, fc.array(name, { minLength: 1, maxLength: 4 }), (glob, path) => {
      assert.equal(compileGlob(glob.join('/')).test(path.join('/')), naiveMatch(glob, path));
    }),
    { numRuns: 3000 },
  );
});
