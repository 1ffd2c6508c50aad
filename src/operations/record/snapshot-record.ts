import type { SnapshotRecord } from '../../catalog/catalog.ts';
import type { Snapshot } from '../../engines/engine.ts';

/** What the catalog keeps of a snapshot. */
export function toSnapshotRecord(
  repository: string,
  repositoryId: string,
  snapshot: Snapshot,
  sizeBytes = snapshot.stats?.sizeBytes,
): SnapshotRecord {
  const { id, source, host, paths, tags, time, recoveryPoint } = snapshot;
  return { repository, repositoryId, id, source, host, paths, tags, time, recoveryPoint, sizeBytes };
}
