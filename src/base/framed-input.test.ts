import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { framed, framedCommand } from './framed-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-framed-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const input = Buffer.from(Array.from({ length: 3_000_001 }, (_, at) => at % 251));

async function* pieces() {
  yield input.subarray(0, 2_500_000);
  yield input.subarray(2_500_000);
}

/** Gives `bytes` to a command that says when it has all of its input; returns how it ended. */
async function feed(name: string, script: string, bytes: Uint8Array): Promise<string | number | null> {
  const [program = '', ...args] = framedCommand(['sh', '-c', script]);
  const child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const ended = new Promise<string | number | null>((resolve) => child.on('exit', (code, by) => resolve(by ?? code)));
  await pipeline(Readable.from([bytes]), child.stdin).catch((error) =>
    assert.match(String(error), /EPIPE|ECONNRESET|ECANCELED/),
  );
  const ending = await ended;
  assert.equal(existsSync(join(folder, name)), ending !== 'SIGKILL', `${name} is written by who has all`);
  return ending;
}

test('a program gets what was framed, whatever the sizes, and ends as it wants to', async () => {
  const bytes = Buffer.concat(await Array.fromAsync(framed(pieces())));
  assert.equal(await feed('all', 'cat >got; echo >all; exit 7', bytes), 7);
  assert.ok(readFileSync(join(folder, 'got')).equals(input));
  assert.equal(await feed('early', 'echo >early', bytes), 0);
});

test('a program whose input breaks off is killed, and does not take it for the whole', async () => {
  const bytes = Buffer.concat(await Array.fromAsync(framed(pieces())));
  for (const [name, cut] of [
    ['between', bytes.length - 2],
    ['within', bytes.length - 1000],
    ['head', 3],
  ] as const) {
    assert.equal(await feed(name, `cat >/dev/null; echo >${name}`, bytes.subarray(0, cut)), 'SIGKILL', name);
  }
});
