/** The commands that ran around a run and its sources. */
import type { DatabaseSync } from 'node:sqlite';
import type { HookRecord } from '../catalog.ts';
import { cut, number, outcome, recordedError, text, time } from './columns.ts';

export function recordHook(database: DatabaseSync, runId: string, hook: HookRecord): void {
  const sql = `INSERT OR REPLACE INTO hooks (run_id, source, phase, number, program, outcome, started_ms, ended_ms,
    error_code, error_message) VALUES (${'?, '.repeat(9)}?)`;
  const { source, phase, number: place, program, startedAt, endedAt, error } = hook;
  database
    .prepare(sql)
    .run(
      ...[runId, source, phase, place, cut(program), hook.outcome, startedAt.getTime(), endedAt.getTime()],
      error?.code ?? null,
      error === undefined ? null : cut(error.message),
    );
}

/** In the order they ended. */
export function hooksOf(database: DatabaseSync, runId: string): HookRecord[] {
  const sql = 'SELECT * FROM hooks WHERE run_id = ? ORDER BY ended_ms, phase DESC, number';
  return database
    .prepare(sql)
    .all(runId)
    .map((row) => ({
      source: text(row, 'source'),
      phase: text(row, 'phase') as HookRecord['phase'],
      number: number(row, 'number'),
      program: text(row, 'program'),
      outcome: outcome(row),
      startedAt: time(row, 'started_ms'),
      endedAt: time(row, 'ended_ms'),
      error: recordedError(row),
    }));
}
