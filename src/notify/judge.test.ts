import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OCCASIONS } from '../rules/occasion.ts';
import { judge } from './judge.ts';
import type { Ending, PartFacts, PastRun, RunFacts } from './run-facts.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2026-11-21T03:07:00Z');

function part(key: string, outcome: Ending, code = 'source.missing'): PartFacts {
  const error = outcome === 'failed' ? { code, message: 'it is not there', hint: undefined } : undefined;
  return { key, name: key, label: key, outcome, result: '', error, warningCount: 0, warnings: [] };
}

function run(parts: readonly PartFacts[], outcome: Ending, job = 'nightly'): RunFacts {
  return { verb: 'backup', job, id: 'now', startedAt: NOW, endedAt: NOW, outcome, parts, begun: true };
}

/** So many days ago; parts as `key: code`, '' for one that went well. */
function past(daysAgo: number, outcome: PastRun['outcome'], parts?: Record<string, string>, job = 'nightly'): PastRun {
  const map = Object.entries(parts ?? {}).map(([key, code]) => {
    return [key, { outcome: code === '' ? 'ok' : 'failed', code }] as const;
  });
  const startedAt = new Date(NOW.getTime() - daysAgo * DAY_MS);
  return { job, startedAt, outcome, parts: parts === undefined ? undefined : new Map(map) };
}

const good = run([part('media', 'ok')], 'ok');
const bad = run([part('media', 'failed')], 'failed');

test('a failure is one whatever was before; a warning and a success are told where they are asked for', () => {
  assert.equal(judge(bad, [], OCCASIONS).occasion, 'failure');
  assert.equal(judge(bad, [], ['success']).occasion, undefined);
  assert.equal(judge(run([part('media', 'warnings')], 'warnings'), [], OCCASIONS).occasion, 'warning');
  assert.equal(judge(good, [past(1, 'ok', { media: '' })], OCCASIONS).occasion, 'success');
  assert.equal(judge(good, [], ['failure', 'recovery']).occasion, undefined);
});

test('a run that somebody ended is no occasion, and what was before it still counts', () => {
  assert.equal(judge(run([part('media', 'interrupted')], 'interrupted'), [], OCCASIONS).occasion, undefined);
  const before = [past(1, 'interrupted', {}), past(2, 'failed', { media: 'source.missing' })];
  assert.equal(judge(good, before, OCCASIONS).occasion, 'recovery');
  assert.equal(judge(bad, before, OCCASIONS).streaks.get('media')?.times, 2);
});

test('the first success after a failure is a recovery, the second is not', () => {
  const failed = past(1, 'failed', { media: 'source.missing' });
  assert.deepEqual([...judge(good, [failed], OCCASIONS).recovered], ['media']);
  assert.equal(judge(good, [past(1, 'ok', { media: '' }), failed], OCCASIONS).occasion, 'success');
});

test('a recovery is that of the part that failed: another one, or another job without it, is none', () => {
  const other = past(1, 'failed', { app: 'sqlite.locked', media: '' });
  assert.equal(judge(good, [other], OCCASIONS).occasion, 'success');
  const byHand = past(1, 'ok', { media: '' }, '');
  assert.equal(judge(good, [byHand, past(2, 'failed', { media: 'x.y' })], OCCASIONS).occasion, 'success');
});

test('a recovery with warnings is told as a warning to those who asked for that only', () => {
  const warned = run([part('media', 'warnings')], 'warnings');
  const failed = past(1, 'failed', { media: 'source.missing' });
  assert.equal(judge(warned, [failed], ['failure', 'warning', 'recovery']).occasion, 'recovery');
  assert.equal(judge(warned, [failed], ['failure', 'warning']).occasion, 'warning');
});

test('a failure is counted as long as it is the same one in a row', () => {
  const same = (daysAgo: number) => past(daysAgo, 'failed', { media: 'source.missing' });
  const { times, since } = judge(bad, [same(1), same(2), past(3, 'ok', { media: '' }), same(4)], OCCASIONS).streaks.get(
    'media',
  )!;
  assert.deepEqual([times, since], [3, same(2).startedAt]);
  const another = past(1, 'failed', { media: 'files.unreadable' });
  assert.equal(judge(bad, [another, same(2)], OCCASIONS).streaks.get('media')?.times, 1);
});

test('the run before, when it was killed, is told of once, and its job has to be the same', () => {
  const killed = past(1, 'killed', {});
  const judgement = judge(good, [killed], ['recovery']);
  assert.deepEqual([judgement.occasion, judgement.killed?.startedAt], ['recovery', killed.startedAt]);
  assert.equal(judge(bad, [killed], OCCASIONS).killed?.startedAt, killed.startedAt);
  assert.equal(judge(good, [past(1, 'ok', { media: '' }), past(2, 'killed', {})], OCCASIONS).killed, undefined);
  assert.equal(judge(good, [past(1, 'killed', {}, 'weekly')], OCCASIONS).killed, undefined);
  assert.equal(judge(good, [past(1, 'running', {})], OCCASIONS).killed, undefined);
});

test('where only the ending of a run is known, that is what counts', () => {
  const cleanup = { ...good, verb: 'cleanup' };
  assert.equal(judge(cleanup, [past(1, 'failed')], OCCASIONS).occasion, 'recovery');
  assert.equal(judge(cleanup, [past(1, 'ok'), past(2, 'failed')], OCCASIONS).occasion, 'success');
  assert.equal(judge({ ...bad, verb: 'cleanup' }, [past(1, 'failed')], OCCASIONS).streaks.get('media')?.times, 2);
});
