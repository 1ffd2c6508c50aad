/** Verifications, drills and restores: what was done with snapshots to show that they are good. */
import type { DatabaseSync } from 'node:sqlite';
import {
  type ChecksQuery,
  type DrillRecord,
  LISTED_MAX,
  type RecordedError,
  type RestoreRecord,
  type VerificationRecord,
} from '../catalog.ts';
import { cut, cutChecks, json, number, outcome, type Row, recordedError, text, time } from './columns.ts';

type Of<Recorded> = Recorded & { readonly runId: string };

export function recordVerification(database: DatabaseSync, runId: string, done: VerificationRecord): void {
  const sql = `INSERT OR REPLACE INTO verifications (run_id, repository, depth, started_ms, ended_ms, outcome, snapshots,
    read_bytes, problem_count, problems, error_code, error_message) VALUES (${'?, '.repeat(11)}?)`;
  database
    .prepare(sql)
    .run(
      runId,
      done.repository,
      done.depth,
      done.startedAt.getTime(),
      done.endedAt.getTime(),
      done.outcome,
      done.snapshots,
      done.readBytes,
      done.problemCount,
      JSON.stringify(done.problems.slice(0, LISTED_MAX).map(cut)),
      ...errorColumns(done.error),
    );
}

export function recordRestore(database: DatabaseSync, runId: string, done: DrillRecord | RestoreRecord): void {
  const restored = 'target' in done ? done : undefined;
  const sql = `INSERT OR REPLACE INTO restores (drill, run_id, source, repository, snapshot_id, target, started_ms,
    ended_ms, outcome, files, size_bytes, failed_count, checks, error_code, error_message) VALUES (${'?, '.repeat(14)}?)`;
  database
    .prepare(sql)
    .run(
      restored === undefined ? 1 : 0,
      runId,
      done.source,
      done.repository,
      done.snapshot,
      restored?.target ?? '',
      done.startedAt.getTime(),
      done.endedAt.getTime(),
      done.outcome,
      restored?.files ?? 0,
      done.sizeBytes,
      restored?.failedCount ?? 0,
      cutChecks(done.checks),
      ...errorColumns(done.error),
    );
}

function errorColumns(error: RecordedError | undefined): [string | null, string | null] {
  return error === undefined ? [null, null] : [error.code, cut(error.message)];
}

/** A verification is of a whole repository, so a query by source does not narrow it. */
export function listVerifications(database: DatabaseSync, query: ChecksQuery): Of<VerificationRecord>[] {
  const sql = `SELECT * FROM verifications WHERE ?1 IS NULL OR repository = ?1
    ORDER BY ended_ms DESC, number DESC LIMIT ?2`;
  return database
    .prepare(sql)
    .all(query.repository ?? null, query.limit)
    .map((row) => ({
      runId: text(row, 'run_id'),
      repository: text(row, 'repository'),
      depth: text(row, 'depth') as 'structure' | 'data',
      startedAt: time(row, 'started_ms'),
      endedAt: time(row, 'ended_ms'),
      outcome: outcome(row),
      snapshots: number(row, 'snapshots'),
      readBytes: number(row, 'read_bytes'),
      problemCount: number(row, 'problem_count'),
      problems: json(row, 'problems'),
      error: recordedError(row),
    }));
}

export function listDrills(database: DatabaseSync, query: ChecksQuery): Of<DrillRecord>[] {
  return listRows(database, query, 1).map(drillOf);
}

export function listRestores(database: DatabaseSync, query: ChecksQuery): Of<RestoreRecord>[] {
  return listRows(database, query, 0).map((row) => ({
    ...drillOf(row),
    target: text(row, 'target'),
    files: number(row, 'files'),
    failedCount: number(row, 'failed_count'),
  }));
}

function listRows(database: DatabaseSync, query: ChecksQuery, drill: 0 | 1): Row[] {
  const sql = `SELECT * FROM restores WHERE drill = ?1 AND (?2 IS NULL OR repository = ?2) AND (?3 IS NULL OR source = ?3)
    ORDER BY ended_ms DESC, number DESC LIMIT ?4`;
  return database.prepare(sql).all(drill, query.repository ?? null, query.source ?? null, query.limit);
}

function drillOf(row: Row): Of<DrillRecord> {
  return {
    runId: text(row, 'run_id'),
    source: text(row, 'source'),
    repository: text(row, 'repository'),
    snapshot: text(row, 'snapshot_id'),
    startedAt: time(row, 'started_ms'),
    endedAt: time(row, 'ended_ms'),
    outcome: outcome(row),
    sizeBytes: number(row, 'size_bytes'),
    checks: json(row, 'checks'),
    error: recordedError(row),
  };
}
