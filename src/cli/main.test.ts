import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryTerminal } from '../../test/fixtures/memory-terminal.ts';
import type { Act } from './call.ts';
import { EXAMPLES } from './examples.ts';
import { runCommandLine } from './main.ts';
import { createProgram } from './program.ts';

async function run(...argv: string[]) {
  const terminal = memoryTerminal();
  const exitCode = await runCommandLine(argv, terminal, new AbortController().signal);
  return { exitCode, out: terminal.outText, err: terminal.errText };
}

const mistakes: readonly (readonly [argv: string, err: string])[] = [
  ['', 'surety: no command was given\nhint: surety --help lists the commands\n'],
  ['keys', 'surety: no command was given\nhint: surety keys --help lists the commands\n'],
  ['bakcup', "surety: unknown command 'bakcup'\nhint: did you mean backup\n"],
  ['restore latest --targte x', "surety: unknown option '--targte'\nhint: did you mean --target\n"],
  ['snapshots', "surety: unknown command 'snapshots'\nhint: surety list lists the snapshots\n"],
  ['list --repo vault', "surety: unknown option '--repo'\nhint: did you mean --repository\n"],
  ['restore latest --to x', "surety: unknown option '--to'\nhint: did you mean --target\n"],
  ['backup --job x', "surety: unknown option '--job'\nhint: jobs are named without an option: surety backup JOB\n"],
  [
    'check store vault',
    "surety: too many arguments for 'check'. Expected 0 arguments but got 2: store, vault\nhint: did you mean surety store check vault\n",
  ],
  [
    'unlock all',
    "surety: too many arguments for 'unlock'. Expected 0 arguments but got 1: all\nhint: did you mean --all\n",
  ],
  [
    '--dry-run backup',
    "surety: unknown option '--dry-run'\nhint: options of a command stand behind it: surety COMMAND --option\n",
  ],
  ['--quite list', "surety: unknown option '--quite'\nhint: did you mean --quiet\n"],
  [
    'list vault',
    "surety: too many arguments for 'list'. Expected 0 arguments but got 1: vault\n" +
      'hint: say what vault is: --repository, --source or --job\n',
  ],
  ['show', "surety: missing required argument 'id'\nhint: see surety show --help\n"],
  [
    'restore latest --target x --in-place',
    'surety: restore can only go to one place\nhint: give one of --target DIR, --as NAME (for a database) and --in-place, or none for where it came from\n',
  ],
];

for (const [argv, err] of mistakes) {
  test(`"surety ${argv}" is a usage error with a hint`, async () => {
    assert.deepEqual(await run(...argv.split(' ').filter((word) => word !== '')), { exitCode: 2, out: '', err });
  });
}

test('what a shell makes of a variable that is not set is a usage error, and nothing is done', async () => {
  const given = [
    ['restore', 'latest', '--target', ''],
    ['restore', 'latest', '--target', 'x', '--path', 'docs', '--path', ''],
    ['forget', '', '--force'],
    ['backup', ''],
    ['--config', '', 'list'],
  ];
  const named = ['--target', '--path', '<id>', '<job>', '--config'];
  for (const [at, argv] of given.entries()) {
    const { exitCode, err } = await run(...argv);
    assert.equal(exitCode, 2);
    assert.equal(err.split('\n')[0], `surety: ${named[at]} was given as nothing`);
  }
});

test('a wrong value of an option names the option and what is allowed', async () => {
  const { exitCode, err } = await run('restore', 'latest', '--target', 'x', '--conflict', 'maybe');
  assert.equal(exitCode, 2);
  assert.match(err, /--conflict <policy>' argument 'maybe' is invalid.*refuse, skip, changed, overwrite, newer/);
});

test('a command line that can not be parsed is answered in JSON when that was asked for', async () => {
  const { exitCode, out, err } = await run('backup', '--json', '--frobnicate');
  assert.equal(exitCode, 2);
  assert.equal(err, '');
  assert.deepEqual(JSON.parse(out), {
    verb: null,
    outcome: 'failed',
    error: {
      code: 'usage.unknown-option',
      message: "unknown option '--frobnicate'",
      hint: 'see surety backup --help',
      details: {},
    },
  });
});

test('help and version go to standard output and are no errors', async () => {
  const { exitCode, out, err } = await run('--help');
  assert.deepEqual([exitCode, err], [0, '']);
  for (const verb of [
    'init',
    'backup',
    'list',
    'show',
    'verify',
    'restore',
    'cleanup',
    'check',
    'keys',
    'unlock',
    'repair',
  ]) {
    assert.match(out, new RegExp(`^ {2}${verb} `, 'm'));
  }
  assert.match((await run('restore', '--help')).out, /--in-place/);
  assert.match((await run('--version')).out, /^\d+\.\d+\.\d+\n$/);
});

test('the examples of the help can be typed as they are', async () => {
  const called: string[] = [];
  const act: Act = () => async () => void called.push('once');
  for (const [words, examples] of Object.entries(EXAMPLES)) {
    for (const [line] of examples) {
      assert.ok(line.startsWith(`surety ${words}`), line);
      const argv = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
        ([, one, two, three]) => one ?? two ?? three ?? '',
      );
      const program = await createProgram(argv.slice(1), act, { print: () => undefined, columns: 80 });
      await program.parseAsync(argv.slice(1), { from: 'user' });
    }
    assert.match((await run(...words.split(' '), '--help')).out, /^Examples:\n {2}surety /m, words);
  }
  assert.equal(called.length, Object.values(EXAMPLES).flat().length);
});

test('help fits into a narrow terminal', async () => {
  const terminal = memoryTerminal({ columns: 60 });
  await runCommandLine(['store', 'check', '--help'], { ...terminal, outIsTty: true }, new AbortController().signal);
  const [usage = ''] = terminal.outText.split('Examples:');
  assert.match(usage, /^Usage: surety store check/);
  assert.ok(
    usage.split('\n').every((line) => line.length <= 60),
    usage,
  );
});

test('every command says what it is for and shows the global options', async () => {
  for (const verb of ['backup', 'cleanup', 'config check', 'keys add', 'repair index']) {
    const { out } = await run(...verb.split(' '), '--help');
    assert.match(out, /Global Options:[\s\S]*--json/, verb);
  }
});
