import type { Catalog, SnapshotRecord } from '../../catalog/catalog.ts';
import type { StepFinished } from './step-record.ts';

/** Snapshots that a step is about to remove. */
export interface Leaving {
  readonly ids: readonly string[];
  /** What the catalog knew of them. */
  readonly known: readonly SnapshotRecord[];
}

/** Forgets snapshots before they go: a step that is killed in the middle leaves nothing that looks lost. What was found of them is kept. */
export async function recordLeaving(catalog: Catalog, repository: string, ids: readonly string[]): Promise<Leaving> {
  const leaving = new Set(ids);
  const known = (await catalog.snapshots({ repository })).filter(({ id }) => leaving.has(id));
  await catalog.removeSnapshots(repository, ids);
  return { ids, known };
}

/** When the step has ended: what stayed after all is remembered again, and of what went nothing. Which is which nobody knows after a failure. */
export async function recordRemoval(catalog: Catalog, { step, result }: StepFinished, all: readonly Leaving[]) {
  if (result === undefined) return;
  const removed = 'removed' in result ? new Set(result.removed) : undefined;
  const isGone = (id: string): boolean => removed?.has(id) ?? true;
  for (const { ids, known } of all) {
    await catalog.addSnapshots(
      step.repository,
      known.filter(({ id }) => !isGone(id)),
    );
    await catalog.removeVerdicts(step.repository, ids.filter(isGone));
  }
}
