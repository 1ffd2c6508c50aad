import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SuretyError } from '../../base/errors.ts';
import { isRunning } from '../../base/running.ts';
import { inPieces } from '../../base/streams.ts';
import { openLocal } from '../../reach/local.ts';
import { type Held, hold, restoreHeld } from '../held.ts';
import type { ReadHow, Source, Warning, WriteHow } from '../source.ts';
import { openCommand } from './open.ts';
import { commandOptions, commandSchema } from './options.ts';

const signal = new AbortController().signal;
const readHow: ReadHow = { signal, warn: (warning) => assert.fail(warning.message) };
const writeHow: WriteHow = { signal, warn: readHow.warn, target: undefined, conflict: 'changed', dryRun: false };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'surety-command-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(raw: Record<string, unknown>, env: Record<string, string> = {}, hide: readonly string[] = []): Source {
  const options = commandOptions(commandSchema.parse(raw));
  return openCommand({ name: 'ledger', reach: openLocal(), baseDir: folder, options, env, hide });
}

async function take(source: Source, how: Partial<ReadHow> = {}): Promise<Held> {
  const whole = { ...readHow, ...how };
  await using reading = await source.read(whole);
  return await hold(reading, whole);
}

async function restore(source: Source, held: Held, how: Partial<WriteHow> = {}) {
  await using restoring = restoreHeld(held);
  return await source.write(restoring, { ...writeHow, ...how });
}

function failure(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SuretyError, String(error));
    assert.equal(error.code, code);
    assert.match(`${error.message}\n${error.hint}`, message);
    return true;
  };
}

describe('reading', () => {
  test('what the command writes is one private file', async () => {
    const { entries, contents, facts } = await take(open({ backup: ['sh', '-c', 'printf abc; pwd'] }));
    const text = `abc${folder}\n`;
    assert.deepEqual(
      entries.map(({ path, type, mode }) => [path, type, mode]),
      [['ledger.out', 'file', 0o600]],
    );
    assert.equal(Buffer.from(contents.get('ledger.out')!).toString(), text);
    assert.deepEqual(facts, { kind: 'command', versions: {}, files: 1, sizeBytes: text.length });
  });

  test('megabytes go through unchanged', async () => {
    const { contents, facts } = await take(open({ backup: 'head -c 5000000 /dev/zero | tr "\\0" y', name: 'yes.txt' }));
    assert.equal(facts.sizeBytes, 5_000_000);
    assert.ok(Buffer.from(contents.get('yes.txt')!).equals(Buffer.alloc(5_000_000, 'y')));
  });

  test('a command that fails after its output is a failure that says what it said', async () => {
    const source = open({ backup: 'echo much; echo "disk on fire" >&2; exit 3' });
    await assert.rejects(take(source), failure('source.failed', /of source ledger: .*exit code 3: disk on fire/));
  });

  test('a failure in the middle of a pipe is one of the whole', async () => {
    await assert.rejects(take(open({ backup: '(echo half; exit 1) | cat' })), failure('source.failed', /exit code 1/));
  });

  test('a program that is not there is named', async () => {
    await assert.rejects(
      take(open({ backup: ['no-such-program'] })),
      failure('source.tool-missing', /no-such-program/),
    );
  });

  test('no output is no backup, unless that is allowed', async () => {
    await assert.rejects(take(open({ backup: 'true' })), failure('source.incomplete', /is empty[\s\S]*allow_empty/));
    assert.equal((await take(open({ backup: 'true', allow_empty: true }))).facts.sizeBytes, 0);
  });

  test('output that is not as expected does not count', async () => {
    const expecting = (expect: Record<string, unknown>, backup = 'printf "HEAD body END\n\n"') =>
      take(open({ backup, expect }));
    await expecting({ min_size: 15, starts_with: 'HEAD', ends_with: 'END' });
    await assert.rejects(
      expecting({ min_size: '1KiB' }),
      failure('source.incomplete', /only 15 B, expected at least 1/),
    );
    await assert.rejects(
      expecting({ starts_with: 'HEAD!' }),
      failure('source.incomplete', /does not begin with "HEAD!"/),
    );
    await assert.rejects(expecting({ ends_with: 'TAIL' }), failure('source.incomplete', /does not end with "TAIL"/));
    await assert.rejects(
      expecting({ ends_with: 'END' }, 'printf EN'),
      failure('source.incomplete', /does not end with/),
    );
    await assert.rejects(
      expecting({ starts_with: 'HEAD' }, 'printf HE'),
      failure('source.incomplete', /does not begin/),
    );
  });

  test('output that is less than half of what it was is warned about', async () => {
    const backup = (bytes: number) => open({ backup: `head -c ${bytes} /dev/zero` });
    const { facts: previous } = await take(backup(10_000));
    const warnings: string[] = [];
    const how = { previous, warn: ({ code, message }: Warning) => warnings.push(`${code} ${message}`) };
    await take(backup(6000), how);
    assert.deepEqual(warnings, []);
    await take(backup(4000), how);
    assert.match(warnings.join(), /^source\.shrunk it has 3\.91 KiB; it had 9\.77 KiB in the snapshot before$/);
  });

  test('a marker that comes in pieces is found', async () => {
    const backup = 'printf HE; sleep 0.05; printf "AD x E"; sleep 0.05; printf N; sleep 0.05; printf "D\n"';
    assert.equal((await take(open({ backup, expect: { starts_with: 'HEAD', ends_with: 'END' } }))).facts.sizeBytes, 11);
  });

  test('variables reach the command, and what is hidden is in no error', async () => {
    const env = { LEDGER_TOKEN: 'hunter2hunter2' };
    const { contents } = await take(open({ backup: 'printf %s "$LEDGER_TOKEN"' }, env));
    assert.equal(Buffer.from(contents.get('ledger.out')!).toString(), 'hunter2hunter2');
    const leaky = open({ backup: 'echo "refused: $LEDGER_TOKEN" >&2; exit 1' }, env, ['hunter2hunter2']);
    await assert.rejects(take(leaky), failure('source.failed', /refused: \[secret\]/));
  });

  test('a command that hangs is ended at its time-out', async () => {
    const source = open({ backup: 'echo begun; echo $$ > pid; exec sleep 60', timeout: '300ms' });
    await assert.rejects(take(source), failure('source.failed', /did not end within 300 ms/));
    assert.equal(isRunning(Number(readFileSync(join(folder, 'pid'), 'utf8'))), false);
  });

  test('an abort ends the command, and so does a reading that is given up', async () => {
    const source = open({ backup: 'echo $$ > pid; echo begun; exec sleep 60' });
    const reason = new Error('stopped');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 200);
    await assert.rejects(take(source, { signal: controller.signal }), reason);
    {
      await using reading = await source.read(readHow);
      for await (const batch of reading.entries())
        for await (const content of reading.content(batch, { signal }))
          if (content.kind === 'stream') await content.chunks[Symbol.asyncIterator]().next();
    }
    assert.equal(isRunning(Number(readFileSync(join(folder, 'pid'), 'utf8'))), false);
  });
});

describe('restoring', () => {
  test('the restore command gets exactly what was stored', async () => {
    const source = open({ backup: 'head -c 3000000 /dev/urandom | tee original', restore: 'cat > restored' });
    const held = await take(source);
    const seen: number[] = [];
    const report = await restore(source, held, { progress: ({ sizeBytes }) => seen.push(sizeBytes) });
    assert.ok(readFileSync(join(folder, 'restored')).equals(readFileSync(join(folder, 'original'))));
    assert.deepEqual([report.files, report.sizeBytes, report.failed.length], [1, 3_000_000, 0]);
    assert.ok(report.checks.every(({ ok }) => ok));
    assert.equal(seen.at(-1), 3_000_000);
  });

  test('a restore command that fails is a failure that says what it said', async () => {
    const source = open({ backup: 'echo x', restore: 'cat >/dev/null; echo "no such ledger"; exit 9' });
    const held = await take(source);
    await assert.rejects(
      restore(source, held),
      failure('source.failed', /restore command.*exit code 9: no such ledger/),
    );
  });

  test('a restore command that leaves much of its input is warned about', async () => {
    const source = open({ backup: 'head -c 3000000 /dev/zero', restore: 'exit 0' });
    const warnings: string[] = [];
    await using whole = restoreHeld(await take(source));
    const from = {
      ...whole,
      async *stream(...args: Parameters<typeof whole.stream>) {
        for await (const chunk of whole.stream(...args)) yield* inPieces(chunk);
      },
    };
    await source.write(from, { ...writeHow, warn: ({ code, message }) => warnings.push(`${code} ${message}`) });
    assert.match(warnings.join(), /^entry\.skipped the restore command ended well, but took only .* of 2\.86 MiB$/);
  });

  test('damage is found before the restore command is started', async () => {
    const source = open({ backup: 'echo x', restore: 'touch started; cat >/dev/null' });
    const held = await take(source);
    await assert.rejects(restore(source, { ...held, contents: new Map() }), /damaged/);
    assert.equal(existsSync(join(folder, 'started')), false);
  });

  test('a dry run says what it would do and starts nothing', async () => {
    const source = open({ backup: 'echo x', restore: 'touch started' });
    const report = await restore(source, await take(source), { dryRun: true });
    assert.deepEqual(report.plan, [{ path: 'ledger.out', action: 'overwrite' }]);
    assert.equal(existsSync(join(folder, 'started')), false);
  });

  test('without a restore command the way out is named', async () => {
    const source = open({ backup: 'echo x' });
    const held = await take(source);
    await assert.rejects(restore(source, held), failure('target.failed', /no restore command[\s\S]*--target DIR/));
    await assert.rejects(restore(source, held, { dryRun: true }), failure('target.failed', /no restore command/));
  });

  test('what the restore command leaves running is neither waited for nor ended', async () => {
    const source = open({ backup: 'echo x', restore: 'cat >/dev/null; (sleep 0.4; echo late > late) & echo up' });
    const held = await take(source);
    const startedMs = performance.now();
    await restore(source, held);
    assert.ok(performance.now() - startedMs < 3000);
    for (let tries = 0; tries < 40 && !existsSync(join(folder, 'late')); tries++) await sleep(50);
    assert.ok(existsSync(join(folder, 'late')));
  });

  test('an aborted restore ends the command', async () => {
    const source = open({ backup: 'echo x', restore: 'echo $$ > pid; cat >/dev/null; exec sleep 60' });
    const held = await take(source);
    const reason = new Error('stopped');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 300);
    await assert.rejects(restore(source, held, { signal: controller.signal }), reason);
    assert.equal(isRunning(Number(readFileSync(join(folder, 'pid'), 'utf8'))), false);
  });
});

test('options have defaults and refuse what they do not know', () => {
  const { fileName, expect, allowEmpty, env, timeoutMs } = commandOptions(commandSchema.parse({ backup: 'x' }));
  assert.deepEqual([fileName, allowEmpty, env, timeoutMs], [undefined, false, {}, undefined]);
  assert.deepEqual(expect, { minBytes: 0, startsWith: '', endsWith: '' });
  for (const wrong of [
    {},
    { backup: [] },
    { backup: 'x', name: 'a/b' },
    { backup: 'x', name: '.surety-snapshot.json' },
    { backup: 'x', env: { 'A B': 'c' } },
    { backup: 'x', expect: { size: 1 } },
    { backup: 'x', target: 'y' },
  ]) {
    assert.equal(commandSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});
