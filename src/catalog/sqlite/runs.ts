import type { DatabaseSync } from 'node:sqlite';
import { SuretyError } from '../../base/errors.ts';
import type { HistoryQuery, MemberRecord, RunEnd, RunRecord, RunStart, SnapshotRecord, Success } from '../catalog.ts';
import {
  cut,
  cutWarnings,
  json,
  number,
  optionalNumber,
  outcome,
  type Row,
  recordedError,
  text,
  time,
} from './columns.ts';
import { hooksOf } from './hooks.ts';
import { addSnapshot } from './snapshots.ts';

export interface Owner {
  readonly host: string;
  readonly processId: number;
}

export function beginRun(database: DatabaseSync, run: RunStart, owner: Owner): void {
  const sql = `INSERT INTO runs (id, verb, job, started_ms, host, process_id) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET (verb, job, started_ms, host, process_id, ended_ms, outcome, exit_code)
      = (excluded.verb, excluded.job, excluded.started_ms, excluded.host, excluded.process_id, NULL, NULL, NULL)`;
  database.prepare(sql).run(run.id, run.verb, run.job, run.startedAt.getTime(), owner.host, owner.processId);
}

export function endRun(database: DatabaseSync, id: string, end: RunEnd): void {
  const sql = 'UPDATE runs SET ended_ms = ?, outcome = ?, exit_code = ? WHERE id = ?';
  const { changes } = database.prepare(sql).run(end.endedAt.getTime(), end.outcome, end.exitCode, id);
  if (Number(changes) === 0) throw new SuretyError('catalog.unknown-run', `run ${id} is not in the catalog`);
}

/** Runs of this host that have no end and whose process is gone were interrupted: their processes could not say so. */
export function closeAbandoned(database: DatabaseSync, owner: Owner, isRunning: (processId: number) => boolean): void {
  const open = database.prepare('SELECT id, process_id FROM runs WHERE outcome IS NULL AND host = ?').all(owner.host);
  const close = database.prepare("UPDATE runs SET outcome = 'interrupted' WHERE id = ? AND outcome IS NULL");
  for (const row of open) {
    const processId = number(row, 'process_id');
    if (processId === owner.processId || !isRunning(processId)) close.run(text(row, 'id'));
  }
}

export function recordMember(database: DatabaseSync, runId: string, member: MemberRecord): void {
  const sql = `INSERT OR REPLACE INTO members (run_id, source, repository, started_ms, ended_ms, outcome, snapshot,
    snapshot_id, stats, warning_count, warnings, error_code, error_message) VALUES (${'?, '.repeat(12)}?)`;
  database
    .prepare(sql)
    .run(
      runId,
      member.source,
      member.repository,
      member.startedAt.getTime(),
      member.endedAt.getTime(),
      member.outcome,
      member.snapshot === undefined ? null : JSON.stringify(member.snapshot),
      member.snapshot?.id ?? null,
      JSON.stringify(member.stats),
      member.warningCount,
      cutWarnings(member.warnings),
      member.error?.code ?? null,
      member.error === undefined ? null : cut(member.error.message),
    );
  if (member.snapshot !== undefined) addSnapshot(database, member.snapshot);
}

export function history(database: DatabaseSync, query: HistoryQuery): RunRecord[] {
  const sql = `SELECT * FROM runs WHERE (?1 IS NULL OR verb = ?1) AND (?2 IS NULL OR job = ?2)
    AND (?3 IS NULL OR EXISTS (SELECT 1 FROM members WHERE run_id = runs.id AND source = ?3))
    AND (?4 IS NULL OR started_ms < ?4) ORDER BY started_ms DESC, id DESC LIMIT ?5`;
  const { verb = null, job = null, source = null, before, limit } = query;
  const rows = database.prepare(sql).all(verb, job, source, before?.getTime() ?? null, limit);
  return rows.map((row) => runOf(database, row));
}

export function findRun(database: DatabaseSync, id: string): RunRecord | undefined {
  const row = database.prepare('SELECT * FROM runs WHERE id = ?').get(id);
  return row === undefined ? undefined : runOf(database, row);
}

function runOf(database: DatabaseSync, row: Row): RunRecord {
  const members = database.prepare('SELECT * FROM members WHERE run_id = ? ORDER BY started_ms, rowid');
  return {
    id: text(row, 'id'),
    verb: text(row, 'verb'),
    job: text(row, 'job'),
    startedAt: time(row, 'started_ms'),
    endedAt: row.ended_ms === null ? undefined : time(row, 'ended_ms'),
    outcome: row.outcome === null ? undefined : outcome(row),
    exitCode: optionalNumber(row, 'exit_code'),
    members: members.all(text(row, 'id')).map(memberOf),
    hooks: hooksOf(database, text(row, 'id')),
  };
}

function memberOf(row: Row): MemberRecord {
  return {
    source: text(row, 'source'),
    repository: text(row, 'repository'),
    startedAt: time(row, 'started_ms'),
    endedAt: time(row, 'ended_ms'),
    outcome: outcome(row),
    snapshot: row.snapshot === null ? undefined : parseSnapshot(json(row, 'snapshot')),
    stats: json(row, 'stats'),
    warningCount: number(row, 'warning_count'),
    warnings: json(row, 'warnings'),
    error: recordedError(row),
  };
}

/** JSON has no times and no `undefined`. */
function parseSnapshot(stored: SnapshotRecord): SnapshotRecord {
  return {
    ...stored,
    repositoryId: stored.repositoryId ?? '',
    time: new Date(stored.time),
    sizeBytes: stored.sizeBytes,
  };
}

/** The newest success of each source and repository that match; undefined matches all. */
export function lastSuccesses(database: DatabaseSync, source?: string, repository?: string): Success[] {
  const sql = `SELECT run_id, source, repository, snapshot_id, outcome, max(ended_ms) AS ended_ms FROM members
    WHERE snapshot_id IS NOT NULL AND outcome IN ('ok', 'warnings')
      AND (?1 IS NULL OR source = ?1) AND (?2 IS NULL OR repository = ?2)
    GROUP BY source, repository ORDER BY source, repository`;
  return database
    .prepare(sql)
    .all(source ?? null, repository ?? null)
    .map((row) => ({
      source: text(row, 'source'),
      repository: text(row, 'repository'),
      runId: text(row, 'run_id'),
      snapshot: text(row, 'snapshot_id'),
      endedAt: time(row, 'ended_ms'),
      outcome: outcome(row) as 'ok' | 'warnings',
    }));
}
