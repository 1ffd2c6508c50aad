import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { isRunning } from '../base/running.ts';
import { openLocal } from '../reach/local.ts';
import { type CommandHook, HOOK_TIMEOUT_MS, type Hook } from '../rules/hook.ts';
import type { Outcome } from './events.ts';
import type { HookReport } from './hooks/hook-report.ts';
import { runLeftHooks } from './hooks/left-hooks.ts';
import type { DueHooks } from './hooks/pending-hooks.ts';
import { type Hooked, withHooks } from './hooks.ts';

const scope = { job: 'nightly', source: 'db', recoveryPoint: '20261120T030700Z-4f9a' };
const NEVER = new AbortController().signal;

describe('hooks', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-hooks-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const log = () =>
    existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : [];

  function hook(run: CommandHook['run'], how: Partial<CommandHook> = {}): Hook {
    return { run, timeoutMs: HOOK_TIMEOUT_MS, onFailure: 'abort', when: 'always', ...how };
  }
  const say = (text: string, how: Partial<CommandHook> = {}) => hook(`echo "${text}" >> '${join(folder, 'log')}'`, how);

  async function around(
    hooks: Partial<Hooked['hooks']>,
    {
      outcome = 'ok',
      signal = NEVER,
      work = () => {},
    }: { outcome?: Outcome; signal?: AbortSignal; work?: () => unknown } = {},
  ) {
    const reports: HookReport[] = [];
    const pending: DueHooks[] = [];
    let refused: string | undefined;
    const hooked: Hooked = {
      hooks: { before: [], after: [], ...hooks },
      host: 'local',
      reach: async () => openLocal(),
    };
    await withHooks(
      scope,
      hooked,
      async (error) => {
        refused = error?.code;
        await work();
        return error === undefined ? outcome : 'failed';
      },
      (result) => result,
      {
        signal,
        clock: systemClock,
        finished: (report) => reports.push(report),
        pending: {
          remember(due) {
            pending.push(due);
            assert.deepEqual(log(), [], 'it is remembered before anything runs');
            return { forget: () => void pending.pop() };
          },
        },
      },
    );
    return { reports, refused, pending, outcomes: reports.map((report) => report.outcome) };
  }

  test('those before run before the work, in their order, and those after it know how it went', async () => {
    const env = say('$SURETY_JOB $SURETY_SOURCE $SURETY_RECOVERY_POINT $SURETY_OUTCOME');
    const work = () => assert.deepEqual(log(), ['one', 'two']);
    const { outcomes, pending } = await around(
      { before: [say('one'), say('two')], after: [env] },
      { work, outcome: 'warnings' },
    );
    assert.deepEqual(log().slice(2), ['nightly db 20261120T030700Z-4f9a warnings']);
    assert.deepEqual(outcomes, ['ok', 'ok', 'ok']);
    assert.deepEqual(pending, [], 'what has run is forgotten');
  });

  test('a list of a program and its arguments goes through no shell', async () => {
    const target = join(folder, '$HOME *');
    await around({ before: [hook(['touch', target])] });
    assert.ok(existsSync(target));
  });

  test('one that fails before ends what it belongs to, with its last words; those after it run all the same', async () => {
    const { reports, refused, outcomes } = await around({
      before: [hook('seq 1 50 >&2; exit 3'), say('never')],
      after: [say('after $SURETY_OUTCOME')],
    });
    assert.equal(refused, 'hook.failed');
    assert.deepEqual(outcomes, ['failed', 'ok']);
    assert.deepEqual(log(), ['after failed']);
    const message = reports[0]?.error?.message ?? '';
    assert.match(message, /^before hook 1 \(seq\) of source db exited with code 3:\n41\n/);
    assert.ok(message.endsWith('\n50'));
  });

  test('a failure inside of a pipe is one of the whole', async () => {
    const { outcomes, refused } = await around({ before: [hook('(exit 4) | cat')] });
    assert.equal(refused, 'hook.failed');
    assert.deepEqual(outcomes, ['failed']);
  });

  test('one that may fail makes a warning, and the work is done', async () => {
    const { refused, outcomes } = await around({
      before: [hook('exit 1', { onFailure: 'warn' }), say('next')],
      after: [hook('exit 1', { onFailure: 'warn' }), say('last')],
    });
    assert.equal(refused, undefined);
    assert.deepEqual(outcomes, ['warnings', 'ok', 'warnings', 'ok']);
    assert.deepEqual(log(), ['next', 'last']);
  });

  test('those for success and those for failure run only then', async () => {
    const after = (['always', 'success', 'failure'] as const).map((when) => say(when, { when }));
    const expected: readonly (readonly [Outcome, readonly string[]])[] = [
      ['ok', ['always', 'success']],
      ['warnings', ['always', 'success']],
      ['failed', ['always', 'failure']],
      ['interrupted', ['always', 'failure']],
    ];
    for (const [outcome, ran] of expected) {
      await around({ after }, { outcome });
      assert.deepEqual(log(), ran);
      rmSync(join(folder, 'log'));
    }
  });

  test('one that hangs is ended with what it started when its time is over', async () => {
    const pidFile = join(folder, 'pid');
    const { reports } = await around({ before: [hook(`sleep 60 & echo $! > ${pidFile}; wait`, { timeoutMs: 300 })] });
    assert.match(reports[0]?.error?.message ?? '', /\(sleep\) of source db did not end within 300 ms/);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    for (let tries = 0; isRunning(pid) && tries < 100; tries++) await sleep(20);
    assert.equal(isRunning(pid), false);
  });

  test('one may have more time than a timer of the system can wait', async () => {
    const long = { timeoutMs: 60 * 86_400_000 };
    const { outcomes } = await around({ before: [say('one', long)], after: [say('two', long)] });
    assert.deepEqual(
      [outcomes, log()],
      [
        ['ok', 'ok'],
        ['one', 'two'],
      ],
    );
  });

  test('a service that one starts is left alone, and not waited for', async () => {
    const pidFile = join(folder, 'pid');
    const { outcomes } = await around({ after: [hook(`sleep 60 & echo $! > ${pidFile}`, { timeoutMs: 20_000 })] });
    const pid = Number(readFileSync(pidFile, 'utf8'));
    try {
      assert.deepEqual(outcomes, ['ok']);
      assert.equal(isRunning(pid), true);
    } finally {
      process.kill(pid);
    }
  });

  test('a program that is not there is named', async () => {
    const { reports } = await around({ before: [hook(['surety-no-such-program', 'token=s3cret'])] });
    const { message = '', hint } = reports[0]?.error ?? {};
    assert.match(message, /could not be run: program surety-no-such-program was not found/);
    assert.match(hint ?? '', /install surety-no-such-program/);
    assert.ok(!JSON.stringify(reports[0]).includes('s3cret'));
  });

  test('an interrupt ends those before, and those after run all the same', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stop')), 200);
    const startedMs = performance.now();
    const { outcomes, refused } = await around(
      { before: [hook('sleep 60')], after: [hook('sleep 0.1'), say('after')] },
      { signal: controller.signal },
    );
    assert.equal(refused, 'run.interrupted');
    assert.deepEqual(outcomes, ['interrupted', 'ok', 'ok']);
    assert.deepEqual(log(), ['after']);
    assert.ok(performance.now() - startedMs < 20_000);
  });

  test('when nothing has begun, nothing is to be undone', async () => {
    const { reports } = await around({ after: [say('after')] }, { signal: AbortSignal.abort() });
    assert.deepEqual(reports, []);
  });

  test('those after run when the work throws', async () => {
    const work = () => {
      throw new Error('a defect');
    };
    await assert.rejects(around({ after: [say('after $SURETY_OUTCOME')] }, { work }), /a defect/);
    assert.deepEqual(log(), ['after failed']);
  });

  test('what a killed run left runs once, as after an interrupt', async () => {
    const said: string[] = [];
    let forgotten = 0;
    let released = 0;
    const hooks = [
      hook('echo undo $SURETY_SOURCE $SURETY_OUTCOME >> log'),
      say('never', { when: 'success' }),
      hook('exit 9'),
    ];
    const kept = { forget: () => ++forgotten, replace: () => assert.fail('nothing is scaled') };
    const left = { ...scope, host: 'local', hooks, ...kept, [Symbol.dispose]: () => void ++released };
    const reports: HookReport[] = [];
    await runLeftHooks([left], {
      clock: systemClock,
      groundOf: () => ({ reach: async () => openLocal(), cwd: folder }),
      say: (text) => said.push(text),
      finished: (report) => reports.push(report),
    });
    assert.deepEqual(log(), ['undo db interrupted']);
    assert.deepEqual(
      reports.map(({ number, outcome }) => [number, outcome]),
      [
        [1, 'ok'],
        [3, 'failed'],
      ],
    );
    assert.deepEqual(said, ['run 20261120T030700Z-4f9a was killed: the after hooks of source db run now']);
    assert.deepEqual([forgotten, released], [1, 1]);
  });
});
