import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { importConfig, readInput } from '../../src/import/import.ts';
import { compileExclusion } from '../../src/sources/files/exclude.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';

/** Each pattern with files that only it can be about; `ROOT` is the folder. */
const PATTERNS: readonly (readonly [pattern: string, files: readonly string[]])[] = [
  ['*.pyc', ['a.pyc', 'deep/a.pyc', 'a.pyc.txt']],
  ['ROOT/star/*/cache', ['star/cache/x', 'star/a/cache/x', 'star/a/b/cache/x']],
  ['*/.vim*.tmp', ['.vimrc.tmp', 'deep/vimrc.tmp', '.vimrc/a.tmp', '.vimrc/b/a.tmp', '.vimrc/a.txt']],
  ['ROOT/log/a*.log', ['log/a.log', 'log/ab.log', 'log/ab/x.log', 'log/ab/x.txt', 'log/b.log']],
  ['ROOT/whole', ['whole/x', 'whole2/x']],
  ['ROOT/{odd}', ['{odd}/x', 'odd/x']],
  ['sh:ROOT/shell/*/x', ['shell/a/x', 'shell/a/b/x']],
  ['sh:ROOT/double/**/x', ['double/x', 'double/a/b/x', 'double/y']],
  ['sh:*.bak', ['deep/a.bak']],
  ['pp:ROOT/prefix/a*', ['prefix/a*/x', 'prefix/ab/x']],
  ['pf:ROOT/full/file', ['full/file', 'full/file2']],
  ['*/below/*', ['below/x', 'deep/below/y/z', 'xbelow/x']],
  ['*/two/*.py', ['two/a.py', 'two/b/a.py', 'two/a.txt']],
  ['bare', ['bare', 'deep/bare/x']],
];

describe('patterns of borg that are imported', { skip: skipWithout('borg') }, () => {
  let folder = '';
  let root = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-import-borg-'));
    root = join(folder, 'data');
    for (const file of PATTERNS.flatMap(([, files]) => files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), file);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('leave out what real borg leaves out, and nothing else', async () => {
    const patterns = PATTERNS.map(([pattern]) => pattern.replace('ROOT', root));
    const env = { BORG_BASE_DIR: join(folder, 'base'), BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' };
    const repository = join(folder, 'repo');
    await expectSuccess(['borg', 'init', '-e', 'none', repository], { env });
    const excludes = patterns.flatMap((pattern) => ['--exclude', pattern]);
    await expectSuccess(['borg', 'create', ...excludes, `${repository}::one`, root], { env });
    const listed = await expectSuccess(['borg', 'list', '--format', '{path}{NL}', `${repository}::one`], { env });
    const stored = listed.trimEnd().split('\n');
    assert.deepEqual(storedBySurety(patterns), stored.map((path) => `/${path}`).sort());
  });

  function storedBySurety(patterns: readonly string[]): string[] {
    const configuration = { source_directories: [root], repositories: ['/repo'], exclude_patterns: patterns };
    const inputs = [readInput('config.yaml', Buffer.from(JSON.stringify(configuration)))];
    const { text, notCarried } = importConfig({ inputs, format: 'borgmatic' });
    assert.deepEqual(
      notCarried.map(({ key }) => key),
      ['repositories'],
    );
    const exclusion = compileExclusion(excludesIn(text));
    const found: string[] = [];
    const walk = (path: string) => {
      const isDirectory = statSync(path).isDirectory();
      if (exclusion.excludes(path, path.slice(path.lastIndexOf('/') + 1), isDirectory)) return;
      found.push(path);
      if (isDirectory) for (const name of readdirSync(path)) walk(join(path, name));
    };
    walk(root);
    return found.sort();
  }
});

/** The patterns in the text of a configuration. */
function excludesIn(text: string): string[] {
  const list = /^ {4}exclude:\n((?: {6}- .*\n)+)/m.exec(text)?.[1] ?? '';
  return [...list.matchAll(/- (.*)\n/g)].map(([, item = '']) => (item.startsWith('"') ? JSON.parse(item) : item));
}
