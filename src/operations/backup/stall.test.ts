import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { backupRequest } from '../../../test/fixtures/backup-request.ts';
import { openWorkshop, type Workshop } from '../../../test/fixtures/opened.ts';
import { scriptedSource } from '../../../test/fixtures/scripted-source.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { SuretyError } from '../../base/errors.ts';
import { isRunning } from '../../base/running.ts';
import { openLocal } from '../../reach/local.ts';
import { backup } from '../backup.ts';
import { type Patience, withPatience } from './stall.ts';

const NEVER = new AbortController().signal;
const never = () => new Promise<never>(() => {});
const how = { signal: NEVER, clock: systemClock, progress: () => {} };

describe('patience', () => {
  test('work that makes no progress is told to end, and the error says what it was at', async () => {
    const started = withPatience({ stallMs: 60, limitMs: undefined }, how, async ({ signal, progress }) => {
      progress({ phase: 'read', items: 1234, sizeBytes: 2048, current: 'a\nb' });
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended by SIGTERM'))));
    });
    await assert.rejects(started, (error: SuretyError) => {
      assert.equal(error.code, 'run.stalled');
      assert.match(
        error.message,
        /^no progress for \d+ ms while reading \(1,234 done, 2 KiB, last at a\\x0ab\); given up$/,
      );
      return true;
    });
  });

  test('progress, however slow, is no stall; the same words again are', async () => {
    let sizeBytes = 0;
    const done = await withPatience({ stallMs: 150, limitMs: undefined }, how, async ({ progress, alive }) => {
      for (; sizeBytes < 5; sizeBytes++) {
        await sleep(60);
        progress({ phase: 'read', items: 0, sizeBytes });
      }
      for (let turn = 0; turn < 3; turn++) {
        await sleep(80);
        alive();
      }
      return 'done';
    });
    assert.equal(done, 'done');
    const repeating = withPatience({ stallMs: 150, limitMs: undefined }, how, async ({ progress, signal }) => {
      while (!signal.aborted) {
        await sleep(20);
        progress({ phase: 'read', items: 0, sizeBytes: 7 });
      }
    });
    // It ended well after it was given up: then that is what counts.
    await repeating;
  });

  test('a limit ends also what makes progress', async () => {
    const started = withPatience({ stallMs: 0, limitMs: 100 }, how, async ({ signal, alive }) => {
      for (;;) {
        await sleep(10, undefined, { signal });
        alive();
      }
    });
    await assert.rejects(started, { code: 'run.too-long', message: 'not done within 100 ms; given up' });
  });

  test('zero means never, and its own failures and interrupts stay what they are', async () => {
    const endless: Patience = { stallMs: 0, limitMs: undefined };
    assert.equal(await withPatience(endless, how, () => sleep(50, 1)), 1);
    const broken = new Error('broken');
    await assert.rejects(
      withPatience({ stallMs: 1000, limitMs: 1000 }, how, () => Promise.reject(broken)),
      (error) => error === broken,
    );
    const controller = new AbortController();
    const interrupted = withPatience(
      { stallMs: 1000, limitMs: undefined },
      { ...how, signal: controller.signal },
      ({ signal }) => sleep(5000, undefined, { signal }),
    );
    controller.abort();
    await assert.rejects(interrupted, { name: 'AbortError' });
  });

  test('what does not even end when it is told to is waited for only a while', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let nowMs = 0;
    const clock: Clock = { ...systemClock, elapsedMs: () => nowMs };
    const started = withPatience({ stallMs: 1_800_000, limitMs: undefined }, { ...how, clock }, never);
    nowMs = 1_800_000;
    t.mock.timers.tick(1_800_000);
    t.mock.timers.tick(60_000);
    await assert.rejects(started, { code: 'run.stalled', message: 'no progress for 30m 00s; given up' });
  });
});

describe('a source that hangs', () => {
  let workshop: Workshop;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  test('is given up with what it started, stores nothing, and those beside it go on', { timeout: 30_000 }, async () => {
    const pidFile = join(workshop.folder, 'pid');
    const hangs = scriptedSource({
      name: 'db',
      output: ({ signal }) =>
        openLocal().exec(['sh', '-c', `sleep 60 & echo $! > ${pidFile}; echo half of it; wait`], { signal }).stdout,
    });
    const repository = await workshop.repository('hanging');
    const sources = [hangs, workshop.source('media', { x: '1' }), workshop.source('more', { x: '2' })];
    const report = await backup(
      backupRequest({
        sources,
        repositories: [repository],
        parallel: 2,
        patience: { stallMs: 2500, limitMs: undefined },
      }),
      workshop.how(),
    );
    const [member, other] = report.members;
    assert.equal(member?.error?.code, 'run.stalled');
    const expected =
      /^source db into repository hanging: no progress for [\d.]+ s while reading db\.dump \(11 B so far\); given up$/;
    assert.match(member?.error?.message ?? '', expected);
    assert.match(member?.error?.hint ?? '', /stall_timeout/);
    assert.equal(other?.outcome, 'ok');
    const { snapshots } = await repository.engine.list(workshop.how());
    assert.deepEqual(snapshots.map(({ source }) => source).sort(), ['media', 'more']);
    assert.ok(existsSync(pidFile));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    for (let tries = 0; isRunning(pid) && tries < 100; tries++) await sleep(50);
    assert.equal(isRunning(pid), false);
  });

  test('while it begins is given up as well', async () => {
    const begin = ({ signal }: { signal: AbortSignal }) => sleep(60_000, undefined, { signal });
    const report = await backup(
      backupRequest({
        sources: [scriptedSource({ name: 'db', begin })],
        repositories: [await workshop.repository('beginning')],
        patience: { stallMs: 0, limitMs: 800 },
      }),
      workshop.how(),
    );
    assert.equal(report.members[0]?.error?.code, 'run.too-long');
  });
});
