import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import test from 'node:test';
import { parseRoots } from './roots.ts';

const shown = (paths: readonly string[], baseDir = '/etc/surety') =>
  parseRoots('sample', paths, baseDir).all.map((root) => [root.shown, root.entryPath, root.base]);

test('absolute paths are stored whole and relative ones relative to the configuration', () => {
  assert.deepEqual(shown(['/srv/media/', './data//app', 'x']), [
    ['/srv/media', 'srv/media', '/'],
    ['data/app', 'data/app', '/etc/surety'],
    ['x', 'x', '/etc/surety'],
  ]);
});

test('a relative path that leaves the configuration folder is stored whole', () => {
  assert.deepEqual(shown(['../other', 'a/../..']), [
    ['/etc/other', 'etc/other', '/'],
    ['/etc', 'etc', '/'],
  ]);
});

test('the top and the home folder can be named', () => {
  assert.deepEqual(shown(['/']), [['/', '', '/']]);
  assert.deepEqual(shown(['.']), [['.', '', '/etc/surety']]);
  assert.equal(shown(['~/docs'])[0]![0], `${homedir()}/docs`);
});

test('a path given twice is one root', () => {
  assert.deepEqual(shown(['/srv', '/srv/', '/srv/.']), [['/srv', 'srv', '/']]);
});

test('paths that would be stored in the same place are an error', () => {
  for (const paths of [
    ['srv', '/srv'],
    ['srv', '/srv/media'],
    ['.', '/srv'],
  ])
    assert.throws(() => parseRoots('sample', paths, '/etc/surety'), {
      code: 'source.failed',
      message: /the same place/,
    });
});

test('entries are found on the host, with roots of both kinds as well', () => {
  const roots = parseRoots('sample', ['srv/own', '/srv/media', '/var/lib'], '/etc/surety');
  assert.equal(roots.locate('srv/own/x'), '/etc/surety/srv/own/x');
  assert.equal(roots.locate('srv/media'), '/srv/media');
  assert.equal(roots.locate('srv'), '/srv');
  assert.equal(roots.locate('var/lib/x/y'), '/var/lib/x/y');
  assert.equal(roots.locate('elsewhere'), undefined);
  assert.equal(parseRoots('sample', ['/a'], '/b').locate('elsewhere'), '/elsewhere');
  assert.equal(parseRoots('sample', ['a'], '/b').locate('elsewhere'), '/b/elsewhere');
});

test('roots, directories above them and the rest are told apart', () => {
  const { standing } = parseRoots('sample', ['/srv/media'], '/');
  assert.deepEqual(['', 'srv', 'srv/media', 'srv/media/x', 'srv/x'].map(standing), [
    'above',
    'above',
    'root',
    'other',
    'other',
  ]);
});
