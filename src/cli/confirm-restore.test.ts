import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { memoryTerminal } from '../../test/fixtures/memory-terminal.ts';
import { makeProject, PASSWORD, type Project } from '../../test/fixtures/project.ts';
import { runCommandLine } from './main.ts';

describe('the question before a restore replaces something', () => {
  let project: Project;
  let file = '';

  before(async () => {
    project = makeProject();
    file = join(project.data, 'a');
    mkdirSync(project.data);
    writeFileSync(file, 'original');
    process.env.VAULT_PASSWORD = PASSWORD;
    process.env.XDG_STATE_HOME = join(project.folder, 'state');
    assert.equal((await run([], 'init')).exitCode, 0);
    assert.equal((await run([], 'backup')).exitCode, 0);
  });
  after(() => project[Symbol.asyncDispose]());

  async function run(answers: readonly string[], ...argv: string[]) {
    const terminal = memoryTerminal({ answers });
    const config = ['--config', join(project.folder, 'surety.yaml')];
    const exitCode = await runCommandLine([...argv, ...config], terminal, new AbortController().signal);
    return { exitCode, out: terminal.outText, err: terminal.errText };
  }

  for (const answer of ['', 'y', 'YES', 'no']) {
    test(`"${answer}" is not yes: nothing is restored`, async () => {
      writeFileSync(file, 'broken');
      const { exitCode, err } = await run([answer], 'restore', 'latest', '--in-place');
      assert.equal(exitCode, 2);
      assert.match(err, /nothing was restored: the answer was not yes/);
      assert.equal(readFileSync(file, 'utf8'), 'broken');
    });
  }

  test('the question shows source, snapshot and its age, target, amount and effect; yes goes on', async () => {
    writeFileSync(file, 'broken');
    const { exitCode, err, out } = await run(['yes'], 'restore', 'latest', '--in-place', '--no-progress');
    assert.equal(exitCode, 0, err + out);
    const facts = [
      /source +files \(files\)/,
      /taken on +host \S+/,
      /snapshot +[0-9a-f]{8} from vault, 20\d\d-.* \((.* ago|just now)\)/,
      /target +the original place: .*data on this machine/,
      /content +1 file, 8 B/,
      /effect +files that exist are REPLACED/,
      /overwrite .*data\/a\n/,
      /Type yes to go on: /,
    ];
    for (const fact of facts) assert.match(err, fact);
    assert.equal(readFileSync(file, 'utf8'), 'original');
  });

  test('a new target needs no question, a full one with --force neither', async () => {
    const target = project.newTarget();
    assert.equal((await run([], 'restore', 'latest', '--target', target, '--conflict', 'overwrite')).exitCode, 0);
    const again = await run([], 'restore', 'latest', '--target', target, '--force');
    assert.equal(again.exitCode, 0);
    assert.doesNotMatch(again.err, /Type yes/);
  });

  test('with --json nobody is asked', async () => {
    const { exitCode, out } = await run(['yes'], 'restore', 'latest', '--in-place', '--json');
    assert.equal(exitCode, 2);
    assert.equal(JSON.parse(out).error.code, 'restore.unconfirmed');
  });
});
