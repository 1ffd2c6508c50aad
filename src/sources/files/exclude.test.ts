import assert from 'node:assert/strict';
import test from 'node:test';
import { compileExclusion } from './exclude.ts';

function excludes(patterns: readonly string[], path: string, kind: 'file' | 'dir' = 'file'): boolean {
  return compileExclusion(patterns).excludes(path, path.slice(path.lastIndexOf('/') + 1), kind === 'dir');
}

test('a pattern without a slash matches a base name anywhere', () => {
  assert.ok(excludes(['lost+found', '*.saving'], '/srv/lost+found', 'dir'));
  assert.ok(excludes(['lost+found', '*.saving'], '/srv/a/b/x.saving'));
  assert.ok(excludes(['~*', 'core.[0-9]'], '/a/core.7'));
  assert.ok(!excludes(['lost+found', '*.saving'], '/srv/lost+found2', 'dir'));
  assert.ok(!excludes(['saving'], '/srv/x.saving'));
});

test('a pattern that begins with a slash matches the whole path', () => {
  assert.ok(excludes(['/srv/cache'], '/srv/cache', 'dir'));
  assert.ok(excludes(['/srv/*/cache'], '/srv/a/cache', 'dir'));
  assert.ok(!excludes(['/srv/cache'], '/data/srv/cache', 'dir'));
  assert.ok(!excludes(['/srv'], '/srvx'));
});

test('another pattern with a slash matches the end of a path', () => {
  assert.ok(excludes(['cache/tmp'], '/srv/a/cache/tmp', 'dir'));
  assert.ok(excludes(['cache/*.o'], '/cache/x.o'));
  assert.ok(!excludes(['cache/tmp'], '/srv/mycache/tmp', 'dir'));
  assert.ok(!excludes(['cache/tmp'], '/srv/cache/tmp/x'), 'what is below is left out by not going there');
});

test('a slash at the end restricts a pattern to directories', () => {
  assert.ok(excludes(['build/'], '/a/build', 'dir'));
  assert.ok(!excludes(['build/'], '/a/build', 'file'));
  assert.ok(excludes(['/a/build/'], '/a/build', 'dir'));
  assert.ok(!excludes(['/a/build/'], '/a/build', 'file'));
});

test('two stars at the end mean what is in a directory, not the directory', () => {
  assert.ok(excludes(['tmp/**'], '/a/tmp/x'));
  assert.ok(!excludes(['tmp/**'], '/a/tmp', 'dir'));
});

test('without patterns nothing is excluded but what Surety makes', () => {
  assert.ok(!excludes([], '/a'));
  const own = [
    '.surety-sqlite-0011aabb-4711-00112233aabb',
    '.surety-archive-0011aabb-4711-00112233aabb',
    'app.db.surety-restore-12-00ff11ee',
    'a.surety-restore-1-00ff11ee-wal',
    '.surety-0011aabb',
    'app.db.before-restore-20260101T000000Z',
    'app.db.before-restore-20260101T000000Z-wal',
  ];
  for (const name of own) assert.ok(excludes([], `/srv/${name}`, name.startsWith('.') ? 'dir' : 'file'), name);
  const others = [
    '.surety-sqlite-notes',
    'app.db.surety-restore-notes',
    'app.db.before-restore-20260101',
    'app.db.before-restore-20260101T000000Z.txt',
    '.before-restore-20260101T000000Z',
    'surety-restore',
  ];
  for (const name of others) assert.ok(!excludes([], `/srv/${name}`), name);
});
