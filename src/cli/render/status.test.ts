import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../../base/errors.ts';
import type { SourceStatus } from '../../operations/status/status-source.ts';
import type { RepositoryStatus, StatusReport } from '../../operations/status.ts';
import { judgeProtection } from '../../rules/protection.ts';
import { statusText } from './status.ts';

const HOUR_MS = 3_600_000;
const now = new Date(2026, 10, 20, 12, 0, 0);
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * HOUR_MS);

function source(
  name: string,
  more: Partial<SourceStatus> & { readonly newestAt?: Date; readonly overdue?: Date } = {},
): SourceStatus {
  const { newestAt = hoursAgo(9), overdue, ...given } = more;
  const base = {
    ...{ name, kind: 'files', importance: 'should' as const, rpoMs: 24 * HOUR_MS, rtoMs: HOUR_MS, jobs: ['nightly'] },
    nextRun: hoursAgo(-15),
    lastAttempt: { time: newestAt, outcome: 'ok' as const },
    failures: [],
    verifiedAt: hoursAgo(6),
    provenAt: hoursAgo(240),
    proveEveryMs: undefined,
    restoreTime: { expectedMs: 250_000, from: 'restores' as const, measuredAt: hoursAgo(240), measurements: 1 },
    ...given,
  };
  const seen = { repository: 'vault', snapshot: 'abc', sizeBytes: 5, state: 'data' as const, copies: ['vault'] };
  const newest = { ...seen, time: newestAt, ageSeconds: (now.getTime() - newestAt.getTime()) / 1000 };
  const facts = {
    ...base,
    inJob: true,
    newest: newestAt,
    overdueSince: overdue,
    damaged: undefined,
    odd: [],
  };
  return { ...base, newest, verdict: judgeProtection(facts, now) };
}

const vault: RepositoryStatus = {
  ...{ repository: 'vault', kind: 'restic', location: '/backup/vault', from: 'repository', error: undefined },
  ...{
    snapshots: 12_345,
    newest: hoursAgo(9),
    failing: [],
    failedBackups: 0,
    damaged: 0,
    unreadable: 0,
    incomplete: 0,
  },
  usage: { storedBytes: 15_000_000_000, isWhole: true, freeBytes: 80_000_000_000 },
};

function report(more: Partial<StatusReport>): StatusReport {
  const base = { outcome: 'ok' as const, now, sources: [source('app')], scenarios: [], repositories: [vault] };
  return { ...base, running: [], killed: [], unfinishedRestores: 0, ...more };
}

test('ten good sources and three repositories are one quiet screen', () => {
  const sources = Array.from({ length: 10 }, (_, n) => source(`source-${n}`));
  const text = statusText(report({ sources, repositories: [vault, vault, vault] }), false);
  const lines = text.split('\n');
  assert.ok(lines.length <= 20, `${lines.length} lines`);
  assert.ok(lines.every((line) => line.length <= 120));
  assert.match(text, /\n\nNothing is late, failed or too slow\.\n$/);
  assert.doesNotMatch(text, /note|alarm|failed {2}/);
});

test('what is damaged in one repository and whole in another is nothing to be calm about', () => {
  const text = statusText(report({ sources: [source('files')], repositories: [{ ...vault, damaged: 2 }] }), false);
  assert.match(text, /\n2 snapshots found damaged: `surety check --repair` heals what it can\.\n$/);
});

test('what needs somebody is told with its reason, what matters most first', (t) => {
  const failures = [{ repository: 'vault', time: hoursAgo(9), message: 'the disk\nis full' }];
  const sources = [
    source('files', { importance: 'could', newestAt: hoursAgo(50) }),
    source('shop', { importance: 'must', failures, lastAttempt: { time: hoursAgo(9), outcome: 'failed' } }),
    source('media', { rpoMs: undefined, rtoMs: undefined, provenAt: undefined, restoreTime: undefined }),
    source('slow', {
      restoreTime: { expectedMs: 2 * HOUR_MS, from: 'restores', measuredAt: hoursAgo(1), measurements: 2 },
    }),
    source('cron', { rpoMs: undefined, newestAt: hoursAgo(60), overdue: hoursAgo(34) }),
    source('rare', { rpoMs: 99 * HOUR_MS, newestAt: hoursAgo(60), overdue: hoursAgo(34) }),
  ];
  const error = new SuretyError('repository.missing', 'there is no repository at /mnt', { hint: 'mount it' });
  const repositories: RepositoryStatus[] = [
    { ...vault, failing: ['shop'], failedBackups: 3, usage: { ...vault.usage!, isWhole: false } },
    { ...vault, repository: 'away', from: 'catalog', usage: undefined, error },
  ];
  const run = { id: '20261120T110000Z-4f9a', verb: 'backup', job: 'nightly', startedAt: hoursAgo(1) };
  const text = statusText(
    report({ sources, repositories, running: [run], killed: [run], unfinishedRestores: 1 }),
    false,
  );
  t.assert.snapshot(text.split('\n'));
});
