import type { Catalog } from '../../catalog/catalog.ts';
import { toSnapshotRecord } from './snapshot-record.ts';
import { foundBy, recordedError, type StepFinished, times } from './step-record.ts';

/** What is found afterwards is what a verification finds. */
export async function recordHealing(catalog: Catalog, event: StepFinished): Promise<void> {
  const result = event.result?.verb === 'heal' ? event.result : undefined;
  if (result?.dryRun === true) return;
  const { repository } = event.step;
  const outcome = event.outcome === 'warnings' ? 'ok' : event.outcome;
  const report = result?.after ?? result?.before;
  const checked = { repository, depth: 'structure' as const, ...times(event), outcome, ...foundBy(report) };
  await catalog.recordVerification(event.run.id, { ...checked, error: recordedError(event.error) });
  if (result !== undefined) {
    const { repositoryId, snapshots } = result.made;
    const added = snapshots.map((snapshot) => toSnapshotRecord(repository, repositoryId, snapshot));
    await catalog.addSnapshots(repository, added);
  }
  const results = result?.results ?? [];
  await catalog.recordVerdicts(
    results.map(({ id, depth, ok, message }) => ({ repository, snapshot: id, depth, at: event.at, ok, message })),
  );
}
