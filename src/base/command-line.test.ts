import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { argvOf, commandLineValue, shownCommand } from './command-line.ts';

function run(line: string, input = '', env = process.env) {
  const [program = '', ...args] = argvOf(line);
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', input, env });
  return { status, stdout };
}

test('a line is run by a shell: quotes, variables, pipes, input and exit code', () => {
  assert.deepEqual(run(`x="a  b"; printf '%s|%s' "$x" '$x' | tr a A`), { status: 0, stdout: 'A  b|$x' });
  assert.deepEqual(run('tr a-z A-Z', 'abc'), { status: 0, stdout: 'ABC' });
  assert.equal(run('exit 7').status, 7);
});

test('a failure inside of a pipe is a failure of the line', () => {
  assert.notEqual(run('false | cat').status, 0);
  assert.notEqual(run('echo half; (exit 3) | cat').status, 0);
  assert.equal(run('true | cat').status, 0);
});

test('nothing that a person has their shell do at its start is done', () => {
  const home = mkdtempSync(join(tmpdir(), 'surety-home-'));
  try {
    for (const file of ['.bashrc', '.profile', '.bash_profile']) writeFileSync(join(home, file), 'echo hello\n');
    const env = { HOME: home, PATH: process.env.PATH };
    assert.deepEqual(run('cat', 'in', env), { status: 0, stdout: 'in' });
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('a program with arguments is run as it is', () => {
  assert.deepEqual(argvOf(['pg_dump', '-d', 'a b']), ['pg_dump', '-d', 'a b']);
});

test('a command is shown as it could be typed', () => {
  assert.equal(shownCommand(['systemctl', 'start', "o'neil co", '']), "systemctl start 'o'\\''neil co' ''");
  assert.equal(shownCommand('docker start x && sleep 1'), 'docker start x && sleep 1');
});

test('what is no command is refused', () => {
  for (const wrong of ['', [], 5, null, { run: 'x' }]) assert.equal(commandLineValue.safeParse(wrong).success, false);
});
