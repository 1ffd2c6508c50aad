/** What the source said of itself, from the sidecar. */
import type { How, Snapshot, SnapshotFacts } from '../engine.ts';
import type { Repository } from './repository.ts';
import { findBackup, readSidecar } from './sidecars.ts';

export async function facts(repository: Repository, snapshot: Snapshot, how: How): Promise<SnapshotFacts | undefined> {
  const { sidecar } = await findBackup(repository, snapshot.id, how);
  return (await readSidecar(repository, sidecar.stored, how)).facts;
}
