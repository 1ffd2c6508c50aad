/** Which snapshots the last verification found damaged. */
import type { Catalog } from '../catalog/catalog.ts';

/** Answers for a snapshot in the repository of that name. */
export type IsDamaged = (repository: string, snapshot: string) => boolean;

/** What was found wrong by the newest verification of the snapshot, whatever its depth. Without a catalog nothing is known. */
export async function knownDamage(catalog: Catalog | undefined): Promise<IsDamaged> {
  const newest = new Map<string, { readonly at: Date; readonly ok: boolean }>();
  for (const { repository, snapshot, at, ok } of (await catalog?.verdicts({})) ?? []) {
    const key = keyOf(repository, snapshot);
    const known = newest.get(key);
    if (known === undefined || known.at.getTime() < at.getTime()) newest.set(key, { at, ok });
  }
  return (repository, snapshot) => newest.get(keyOf(repository, snapshot))?.ok === false;
}

function keyOf(repository: string, snapshot: string): string {
  return `${repository}\n${snapshot}`;
}
