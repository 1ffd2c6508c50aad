/** Which snapshots are known to restore. */
import type { Catalog } from '../catalog/catalog.ts';

const LOOKED_AT = 10_000;

/** Ids of snapshots whose drill or whole restore succeeded. Without a catalog nothing is known to be proven. */
export async function provenSnapshots(catalog: Catalog | undefined): Promise<ReadonlySet<string>> {
  if (catalog === undefined) return new Set();
  const query = { limit: LOOKED_AT };
  const all = [...(await catalog.drills(query)), ...(await catalog.restores(query))];
  return new Set(all.filter(({ outcome }) => outcome === 'ok').map(({ snapshot }) => snapshot));
}
