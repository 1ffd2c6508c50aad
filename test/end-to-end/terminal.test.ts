import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { childEnvironment, locate } from '../fixtures/programs.ts';
import { SURETY, suretyIn } from '../fixtures/surety.ts';

const skip = locate('script') === undefined ? 'needs script (package bsdutils)' : false;

/** What to type once a text has appeared. */
type Dialogue = readonly (readonly [appears: RegExp, type: string])[];

/** Runs Surety on a terminal of its own and types. Returns what a person has seen, control sequences left out. */
async function onTerminal(
  folder: string,
  args: string,
  dialogue: Dialogue,
): Promise<{ code: number | null; seen: string }> {
  const home = join(folder, '.home');
  const command = `stty cols 100 rows 40; exec "${SURETY}" ${args}`;
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    cwd: folder,
    env: childEnvironment({ HOME: home, XDG_STATE_HOME: join(home, 'state'), TERM: 'xterm', SHELL: '/bin/sh' }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let seen = '';
  let from = 0;
  const left = [...dialogue];
  child.stdout.on('data', (piece: Buffer) => {
    seen += piece.toString();
    const next = left[0];
    if (next === undefined || !next[0].test(stripVTControlCharacters(seen.slice(from)))) return;
    left.shift();
    from = seen.length;
    // A prompt shows its text a moment before it takes keys.
    setTimeout(() => child.stdin.write(next[1]), 150);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  assert.deepEqual(left, [], `was not asked; seen: ${stripVTControlCharacters(seen)}`);
  return { code, seen: stripVTControlCharacters(seen) };
}

describe('on a terminal', { skip }, () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-terminal-'));
    mkdirSync(join(folder, 'notes'));
    writeFileSync(join(folder, 'notes', 'a'), 'original');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const answers: Dialogue = [
    [/Folders to protect/, 'notes\r'],
    [/SQLite databases/, '\r'],
    [/Folder for the repository/, '\r'],
    [/File for its password/, '\r'],
  ];

  test('init asks, writes the configuration and makes the repository; a restore in place asks for yes', async () => {
    const { code, seen } = await onTerminal(folder, 'init', answers);
    assert.equal(code, 0, seen);
    assert.match(readFileSync(join(folder, 'surety.yaml'), 'utf8'), /paths:\s+- notes/);

    const backup = await onTerminal(folder, 'backup', []);
    assert.equal(backup.code, 0);
    assert.match(backup.seen, /notes → vault[\s\S]*is complete/);

    writeFileSync(join(folder, 'notes', 'a'), 'broken');
    const restored = await onTerminal(folder, 'restore latest --in-place', [[/Type yes to go on: /, 'yes\r']]);
    assert.equal(restored.code, 0, restored.seen);
    assert.equal(readFileSync(join(folder, 'notes', 'a'), 'utf8'), 'original');
  });

  test('a person who gives up with Ctrl-C or Ctrl-D leaves nothing behind', async () => {
    for (const key of ['\x03', '\x04']) {
      const { code, seen } = await onTerminal(folder, 'init', [answers[0]!, [/SQLite databases/, key]]);
      assert.equal(code, 130, seen);
      for (const name of ['surety.yaml', 'surety-password', 'surety-vault'])
        assert.equal(existsSync(join(folder, name)), false);
    }
  });

  test('a new password is asked for twice and not shown', async () => {
    const surety = suretyIn(folder);
    await surety.run('init', '--folder', 'notes', '--store', 'vault', '--password-file', 'password');
    const { code, seen } = await onTerminal(folder, 'keys add', [
      [/New password/, 'tr0ubadour\r'],
      [/The same again/, 'tr0ubadour\r'],
    ]);
    assert.equal(code, 0, seen);
    assert.doesNotMatch(seen, /tr0ubadour/);
    writeFileSync(join(folder, 'password'), 'tr0ubadour\n');
    await surety.run('list');
  });
});
