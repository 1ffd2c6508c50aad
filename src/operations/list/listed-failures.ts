/** Failed backups into a repository: those it has a record of, and those this machine remembers. */
import type { Catalog } from '../../catalog/catalog.ts';
import type { FailedBackup } from '../../engines/engine.ts';

export interface ListedFailure extends FailedBackup {
  /** `repository`: it left a record there. `catalog`: only this machine knows. */
  readonly from: 'repository' | 'catalog';
}

/** So many runs are looked through. */
const LOOKED_AT = 1000;
/** The record of a failure in a repository and its run have the same time, which the repository may keep to the second. */
const SAME_MS = 2000;

/** Newest first. A catalog that can not be read remembers none. */
export async function listedFailures(
  recorded: readonly FailedBackup[],
  { catalog, repository }: { readonly catalog: Catalog | undefined; readonly repository: string },
): Promise<ListedFailure[]> {
  const remembered = await rememberedFailures(catalog, repository);
  const isRecorded = (one: FailedBackup) =>
    recorded.some(
      ({ source, time }) => source === one.source && Math.abs(time.getTime() - one.time.getTime()) < SAME_MS,
    );
  const all = [
    ...recorded.map((one): ListedFailure => ({ ...one, from: 'repository' })),
    ...remembered.filter((one) => !isRecorded(one)),
  ];
  return all.sort((left, right) => right.time.getTime() - left.time.getTime());
}

async function rememberedFailures(catalog: Catalog | undefined, repository: string): Promise<ListedFailure[]> {
  if (catalog === undefined) return [];
  try {
    const runs = await catalog.history({ verb: 'backup', limit: LOOKED_AT });
    return runs.flatMap(({ id, startedAt, members }) =>
      members
        .filter((one) => one.repository === repository && one.snapshot === undefined)
        .filter(({ outcome }) => outcome === 'failed' || outcome === 'interrupted')
        .map(({ source, outcome, error }): ListedFailure => {
          const message = error?.message ?? `it was ${outcome}`;
          return { id, time: startedAt, source, message, from: 'catalog' };
        }),
    );
  } catch {
    return [];
  }
}
