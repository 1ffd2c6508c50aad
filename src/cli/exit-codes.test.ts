import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodeOf, exitCodeOfOutcome } from './exit-codes.ts';

const source = join(import.meta.dirname, '..');

/** Every code that is given to an error anywhere in the source text. */
function allCodes(): string[] {
  const files = globSync('**/*.ts', { cwd: source }).filter((file) => !file.endsWith('.test.ts'));
  const codes = files.flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    return [...text.matchAll(/new SuretyError\(\s*'([a-z-]+\.[a-z-]+)'/g)].map((match) => match[1]!);
  });
  return [...new Set(codes)].sort();
}

/** Everything that is not a plain failure. A new area of codes belongs in the table or here, knowingly. */
const EXCEPTIONS: Readonly<Record<number, readonly RegExp[]>> = {
  2: [
    /^usage\./,
    /^config\./,
    /^value\./,
    /^time-zone\./,
    /^schedule\./,
    /^(restore|forget)\.unconfirmed$/,
    /^store\.(invalid-url|unsupported)$/,
  ],
  4: [/^repository\.locked$/, /^run\.busy$/],
  130: [/^run\.interrupted$/],
};

test('every error code of the program has the exit code that the rules of the command line give it', () => {
  const codes = allCodes();
  assert.ok(codes.length > 50, `only ${codes.length} codes were found`);
  for (const code of codes) {
    const special = Object.entries(EXCEPTIONS).find(([, patterns]) => patterns.some((pattern) => pattern.test(code)));
    assert.equal(exitCodeOf({ code }), Number(special?.[0] ?? 1), code);
  }
});

test('the table of exit codes is as documented', (t) => {
  const rows = [
    'usage.any',
    'config.any',
    'value.size',
    'repository.locked',
    'run.busy',
    'run.interrupted',
    'store.full',
  ]
    .concat([
      'restore.unconfirmed',
      'store.invalid-url',
      'snapshot.unknown',
      'target.not-empty',
      'repository.wrong-password',
    ])
    .map((code) => `${code} ${exitCodeOf({ code })}`);
  t.assert.snapshot(rows);
});

test('a run ends with the code of its worst step, and is busy only when nothing but locks stood in the way', () => {
  assert.equal(exitCodeOfOutcome('ok'), 0);
  assert.equal(exitCodeOfOutcome('warnings'), 3);
  assert.equal(exitCodeOfOutcome('interrupted'), 130);
  assert.equal(exitCodeOfOutcome('failed', ['repository.locked', 'repository.locked']), 4);
  assert.equal(exitCodeOfOutcome('failed', ['repository.locked', 'source.missing']), 1);
  assert.equal(exitCodeOfOutcome('failed'), 1);
});
