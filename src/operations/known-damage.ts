/** Which snapshots the last verification found damaged. */
import type { Catalog } from '../catalog/catalog.ts';
import { snapshotStates } from './snapshot-states.ts';

/** Answers for a snapshot in the repository of that name. */
export type IsDamaged = (repository: string, snapshot: string) => boolean;

/** What is bad by the catalog; without one nothing is known of any. */
export async function knownDamage(catalog: Catalog | undefined, repositories: readonly string[]): Promise<IsDamaged> {
  const states = new Map<string, Awaited<ReturnType<typeof snapshotStates>>>();
  for (const name of repositories) states.set(name, await snapshotStates(catalog, name));
  return (repository, snapshot) => states.get(repository)?.(snapshot).state === 'bad';
}
