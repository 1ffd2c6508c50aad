import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExclusion } from '../../sources/files/exclude.ts';
import { excludeOf } from './patterns.ts';

/** Whether what borg leaves out by `pattern` is left out by what takes its place. */
function excludes(pattern: string, path: string, style: 'fm' | 'sh' = 'fm'): boolean {
  const found = excludeOf(pattern, style);
  assert.ok(found !== undefined, pattern);
  return compileExclusion([found]).excludes(path, path.slice(path.lastIndexOf('/') + 1), false);
}

const same: readonly (readonly [pattern: string, excluded: string, kept: string, style?: 'fm' | 'sh'])[] = [
  ['*.pyc', '/home/a/b.pyc', '/home/a/b.py'],
  ['/home/*/.cache', '/home/a/.cache', '/home/.cache'],
  ['/home/*/.cache', '/home/a/b/.cache', '/srv/a/.cache'],
  ['*/.vim*.tmp', '/home/a/.vimrc.tmp', '/home/a/vimrc.tmp'],
  ['/etc/ssl', '/etc/ssl', '/etc/ssl2'],
  ['/srv/{a}', '/srv/{a}', '/srv/a'],
  ['sh:/home/*/x', '/home/a/x', '/home/a/b/x'],
  ['sh:/srv/**/x', '/srv/a/b/x', '/home/x'],
  ['/srv/*/x', '/srv/a/x', '/srv/a/b/x', 'sh'],
  ['.cache', '/.cache', '/home/.cache'],
  ['sh:*.pyc', '/a.pyc', '/home/a.pyc'],
  ['*/b/*', '/home/b/x', '/home/bb/x'],
  ['pp:/srv/a*b', '/srv/a*b', '/srv/aXb'],
  ['pf:srv/file', '/srv/file', '/home/srv/file'],
];

for (const [pattern, excluded, kept, style] of same) {
  test(`${pattern} (${style ?? 'fm'}) leaves out ${excluded} and not ${kept}`, () => {
    assert.equal(excludes(pattern, excluded, style), true);
    assert.equal(excludes(pattern, kept, style), false);
  });
}

test('what has no equal is not guessed', () => {
  for (const pattern of ['re:.*', '~/x', '/home/$USER/x', '/srv/a*b/c', '/srv/a*b*c', ''])
    assert.equal(excludeOf(pattern, 'fm'), undefined, pattern);
});
