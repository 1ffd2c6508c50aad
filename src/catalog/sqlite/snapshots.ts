import type { DatabaseSync } from 'node:sqlite';
import { groupSeries } from '../../rules/series.ts';
import type { Series, SnapshotQuery, SnapshotRecord } from '../catalog.ts';
import { snapshotOf } from './columns.ts';

export function addSnapshot(database: DatabaseSync, snapshot: SnapshotRecord): void {
  const sql = `INSERT OR REPLACE INTO snapshots (repository, id, source, host, paths, tags, time_ms, recovery_point,
    size_bytes, repository_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
  database
    .prepare(sql)
    .run(
      snapshot.repository,
      snapshot.id,
      snapshot.source,
      snapshot.host,
      JSON.stringify(snapshot.paths),
      JSON.stringify(snapshot.tags),
      snapshot.time.getTime(),
      snapshot.recoveryPoint,
      snapshot.sizeBytes ?? null,
      snapshot.repositoryId,
    );
}

export function replaceSnapshots(
  database: DatabaseSync,
  repository: string,
  snapshots: readonly SnapshotRecord[],
): void {
  database.prepare('DELETE FROM snapshots WHERE repository = ?').run(repository);
  for (const snapshot of snapshots) addSnapshot(database, { ...snapshot, repository });
}

export function removeSnapshots(database: DatabaseSync, repository: string, ids: readonly string[]): void {
  const remove = database.prepare('DELETE FROM snapshots WHERE repository = ? AND id = ?');
  for (const id of ids) remove.run(repository, id);
}

export function listSnapshots(database: DatabaseSync, { repository, source }: SnapshotQuery): SnapshotRecord[] {
  const sql = `SELECT * FROM snapshots WHERE (?1 IS NULL OR repository = ?1) AND (?2 IS NULL OR source = ?2)
    ORDER BY time_ms, repository, id`;
  return database
    .prepare(sql)
    .all(repository ?? null, source ?? null)
    .map(snapshotOf);
}

export function listSeries(database: DatabaseSync, query: SnapshotQuery): Series[] {
  const byRepository = Map.groupBy(listSnapshots(database, query), (snapshot) => snapshot.repository);
  const all = [...byRepository].flatMap(([repository, snapshots]) =>
    groupSeries(snapshots).map(({ source, host, paths, members }) => ({
      repository,
      source,
      host,
      paths,
      count: members.length,
      oldest: members[0]!.time,
      newest: members.at(-1)!.time,
      newestId: members.at(-1)!.id,
    })),
  );
  return all.sort((left, right) => compare(left.repository, right.repository) || compare(left.source, right.source));
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
