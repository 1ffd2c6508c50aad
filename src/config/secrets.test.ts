import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import type { SecretSpec } from '../base/option-values.ts';
import { Secret } from '../base/secret.ts';
import { fetchSecret } from './secrets.ts';

let directory = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'surety-secrets-'));
});
after(() => rm(directory, { recursive: true }));

test('a secret comes from a variable, a file below the configuration, a command run there, or as it is', async () => {
  process.env.SURETY_TEST_SECRET = 'from env';
  await writeFile(join(directory, 'password'), 'from file\n', { mode: 0o600 });
  const specs: SecretSpec[] = [
    { env: 'SURETY_TEST_SECRET' },
    { file: 'password' },
    { file: join(directory, 'password') },
    { command: ['cat', 'password'] },
    { plain: new Secret('plain') },
  ];
  const warnings: string[] = [];
  const secrets = await Promise.all(specs.map((spec) => fetched(spec, warnings)));
  assert.deepEqual(secrets, ['from env', 'from file', 'from file', 'from file', 'plain']);
  assert.deepEqual(warnings, []);
});

test('only one line end is taken off, and nothing else', async () => {
  for (const [text, secret] of [
    [' a b \n\n', ' a b \n'],
    ['x\r\n', 'x'],
    ['no end', 'no end'],
  ] as const) {
    await writeFile(join(directory, 'exact'), text, { mode: 0o600 });
    assert.equal(await fetched({ file: 'exact' }), secret);
  }
});

test('a secret file that others can read is used, with a warning', async () => {
  const path = join(directory, 'loose');
  await writeFile(path, 'x');
  for (const [mode, count] of [
    [0o644, 1],
    [0o620, 1],
    [0o602, 1],
    [0o640, 0],
    [0o400, 0],
  ] as const) {
    await chmod(path, mode);
    const warnings: string[] = [];
    await fetched({ file: 'loose' }, warnings);
    assert.equal(warnings.length, count, mode.toString(8));
    if (count > 0) assert.match(warnings[0] ?? '', /loose with the password of vault can be read.*chmod 600/);
  }
});

test('what is missing, unreadable or empty is named, with its own code', async () => {
  await writeFile(join(directory, 'empty'), '\n', { mode: 0o600 });
  const cases: [SecretSpec, string, RegExp][] = [
    [{ env: 'SURETY_TEST_UNSET' }, 'config.secret-missing', /SURETY_TEST_UNSET with the password of vault is not set/],
    [{ file: 'nowhere' }, 'config.secret-missing', /nowhere with the password of vault does not exist/],
    [{ file: '.' }, 'config.secret-unreadable', /can not be read/],
    [{ file: 'empty' }, 'config.secret-empty', /password of vault is empty/],
    [{ command: ['true'] }, 'config.secret-empty', /password of vault is empty/],
    [{ command: ['surety-no-such-program'] }, 'config.secret-failed', /surety-no-such-program .* was not found/],
  ];
  for (const [spec, code, message] of cases) await assert.rejects(fetched(spec), { code, message });
});

test('neither the output nor the arguments of a failing command are in its error', async () => {
  const command = ['sh', '-c', 'echo hunter2; echo hunter2 >&2; exit 3'];
  await assert.rejects(fetched({ command }), (error: unknown) => {
    assert.match(String(error), /the command sh for the password of vault exited with 3/);
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes('hunter2'));
    return true;
  });
});

test('a command that prints without end is stopped', async () => {
  await assert.rejects(fetched({ command: ['yes'] }), { code: 'config.secret-failed', message: /printed too much/ });
});

test('an interrupted command rejects with the reason of the interruption', async () => {
  const stop = new AbortController();
  const how = { name: 'password of vault', directory, signal: stop.signal, warn: () => {} };
  const fetching = fetchSecret({ command: ['sleep', '30'] }, how);
  stop.abort(new Error('stopped'));
  await assert.rejects(fetching, /^Error: stopped$/);
});

async function fetched(spec: SecretSpec, warnings: string[] = []): Promise<string> {
  const signal = new AbortController().signal;
  const how = { name: 'password of vault', directory, signal, warn: (message: string) => void warnings.push(message) };
  return (await fetchSecret(spec, how)).reveal();
}
