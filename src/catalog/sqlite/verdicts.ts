/** What verifications found of single snapshots: the last of each depth. */
import type { DatabaseSync } from 'node:sqlite';
import type { SnapshotQuery, Verdict } from '../catalog.ts';
import { cut, number, text, time } from './columns.ts';

export function recordVerdicts(database: DatabaseSync, verdicts: readonly Verdict[]): void {
  const sql = `INSERT OR REPLACE INTO verdicts (repository, snapshot_id, depth, at_ms, ok, message)
    VALUES (?, ?, ?, ?, ?, ?)`;
  const record = database.prepare(sql);
  for (const { repository, snapshot, depth, at, ok, message } of verdicts) {
    record.run(repository, snapshot, depth, at.getTime(), ok ? 1 : 0, cut(message));
  }
}

export function removeVerdicts(database: DatabaseSync, repository: string, ids: readonly string[]): void {
  const remove = database.prepare('DELETE FROM verdicts WHERE repository = ? AND snapshot_id = ?');
  for (const id of ids) remove.run(repository, id);
}

export function listVerdicts(database: DatabaseSync, { repository }: Pick<SnapshotQuery, 'repository'>): Verdict[] {
  const sql = 'SELECT * FROM verdicts WHERE ?1 IS NULL OR repository = ?1 ORDER BY repository, snapshot_id, depth';
  return database
    .prepare(sql)
    .all(repository ?? null)
    .map((row) => ({
      repository: text(row, 'repository'),
      snapshot: text(row, 'snapshot_id'),
      depth: text(row, 'depth') as Verdict['depth'],
      at: time(row, 'at_ms'),
      ok: number(row, 'ok') === 1,
      message: text(row, 'message'),
    }));
}
