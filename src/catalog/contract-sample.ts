/** What the checks of the contract are made with. */
import type { Catalog, MemberRecord, Outcome, RestoreRecord, SnapshotRecord, VerificationRecord } from './catalog.ts';

/** Promises by name; each gets an empty catalog. */
export type CatalogChecks = Readonly<Record<string, (catalog: Catalog) => Promise<void>>>;

/** The n-th minute of a fixed day. */
export const minute = (n: number): Date => new Date(Date.UTC(2026, 10, 20, 3, n));

export function snapshot(id: string, n: number, more: Partial<SnapshotRecord> = {}): SnapshotRecord {
  const base = {
    repository: 'vault',
    repositoryId: 'r1',
    id,
    source: 'media',
    host: 'main',
    paths: ['/srv/media'],
    tags: ['job=nightly'],
  };
  return { ...base, time: minute(n), recoveryPoint: `run-${n}`, sizeBytes: 1000 + n, ...more };
}

export function member(n: number, outcome: Outcome, more: Partial<MemberRecord> = {}): MemberRecord {
  const stored = outcome === 'ok' || outcome === 'warnings' ? snapshot(`snap-${n}`, n) : undefined;
  return {
    source: 'media',
    repository: 'vault',
    startedAt: minute(n),
    endedAt: minute(n + 1),
    outcome,
    snapshot: stored,
    stats: { filesNew: n, addedBytes: 2 ** 40 },
    warningCount: 0,
    warnings: [],
    error: undefined,
    ...more,
  };
}

export async function runWith(
  catalog: Catalog,
  n: number,
  members: readonly MemberRecord[],
  job = 'nightly',
): Promise<string> {
  const id = `run-${n}`;
  await catalog.beginRun({ id, verb: 'backup', job, startedAt: minute(n) });
  for (const each of members) await catalog.recordMember(id, each);
  return id;
}

export const restored = (n: number, more: Partial<RestoreRecord> = {}): RestoreRecord => ({
  source: 'media',
  repository: 'vault',
  snapshot: 'snap-1',
  startedAt: minute(n),
  endedAt: minute(n + 1),
  outcome: 'ok',
  sizeBytes: 5,
  checks: [{ what: 'rows', ok: true, detail: '3 tables' }],
  error: undefined,
  target: '/tmp/there',
  files: 2,
  failedCount: 0,
  ...more,
});

export const verified = (n: number, more: Partial<VerificationRecord> = {}): VerificationRecord => ({
  repository: 'vault',
  depth: 'data',
  startedAt: minute(n),
  endedAt: minute(n + 1),
  outcome: 'failed',
  snapshots: 3,
  readBytes: 2 ** 41,
  problemCount: 1,
  problems: ['pack data/ab/ab12 is damaged'],
  error: undefined,
  ...more,
});
