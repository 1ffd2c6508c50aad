import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronLine, readScript } from './script-text.ts';

const wordsOf = (text: string) => readScript('x', text).commands.map(({ words }) => words.map((word) => word.text));

test('quotes, backslashes and variables of the script are resolved', () => {
  const text = `TARGET="/srv/my data"\nrestic backup "$TARGET" '$TARGET' a\\ b --x=\${TARGET}/sub ~/y "$HOME/z"\n`;
  assert.deepEqual(wordsOf(text), [
    ['restic', 'backup', '/srv/my data', '$TARGET', 'a b', '--x=/srv/my data/sub', '~/y', '~/z'],
  ]);
});

test('what is only known when it runs is marked', () => {
  const [command] = readScript('x', 'restic backup "$UNSET" $(date +%F) `pwd` plain "$((1 + 1))"').commands;
  assert.deepEqual(
    command?.words.map(({ unknown }) => unknown),
    [false, false, true, true, true, false, true],
  );
});

test('lines go on after a backslash, and keep the number of the first', () => {
  const { commands } = readScript('x', '#!/bin/sh\n\nrestic backup \\\n  /a \\\n  /b\nrestic check\n');
  assert.deepEqual(
    commands.map(({ line, words }) => [line, words.length]),
    [
      [3, 4],
      [6, 2],
    ],
  );
});

test('redirections and comments are left out, pipes and lists taken apart', () => {
  const text =
    'pg_dump app 2>/dev/null | restic backup --stdin >>/var/log/x 2>&1 && restic check &>y; echo "a;b" # no more';
  const { commands } = readScript('x', text);
  assert.deepEqual(wordsOf(text), [
    ['pg_dump', 'app'],
    ['restic', 'backup', '--stdin'],
    ['restic', 'check'],
    ['echo', 'a;b'],
  ]);
  assert.deepEqual(
    commands.map(({ piped }) => piped),
    [false, true, false, false],
  );
});

test('a variable in front of a command is for that command only', () => {
  const { commands, variables } = readScript('x', 'export A=1\nB=2 restic check\nrestic prune\n');
  assert.deepEqual(
    commands.map((command) => command.variables.map(({ key }) => key)),
    [['A', 'B'], ['A']],
  );
  assert.deepEqual(
    variables.map(({ key }) => key),
    ['A'],
  );
});

test('lines of a crontab have a schedule, and cd says where they run', () => {
  const { commands } = readScript('x', '0 2 * * 1-5 cd /opt/app && restic backup data%input\n@daily restic check\n');
  const run = commands.filter(({ words }) => words[0]?.text === 'restic');
  assert.deepEqual(
    run.map(({ schedule, folder, words }) => [schedule, folder, words.at(-1)?.text]),
    [
      ['0 2 * * 1-5', '/opt/app', 'data'],
      ['@daily', undefined, 'check'],
    ],
  );
});

test('only five fields of a schedule make a line of a crontab', () => {
  assert.equal(cronLine('*/5 0-3 1,15 jan mon-fri x')?.schedule, '*/5 0-3 1,15 jan mon-fri');
  for (const text of ['restic backup /a /b /c /d /e', 'MAILTO=root', 'if a b c d; then', ''])
    assert.equal(cronLine(text), undefined);
});
