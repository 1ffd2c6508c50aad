/** Which snapshots are known to restore. */
import type { Catalog } from '../catalog/catalog.ts';
import { WHOLE_SNAPSHOT } from './record/record-restore.ts';

const LOOKED_AT = 10_000;

/**
 * Ids of snapshots whose drill succeeded, or that were restored without anything left out; with a name only those in that
 * repository, where archives of several repositories have the same ids. Without a catalog nothing is known to be proven.
 */
export async function provenSnapshots(catalog: Catalog | undefined, repository?: string): Promise<ReadonlySet<string>> {
  if (catalog === undefined) return new Set();
  const drills = await catalog.drills({ repository, limit: LOOKED_AT });
  const restores = await catalog.restores({ repository, limit: LOOKED_AT });
  const whole = restores.filter(({ checks }) => checks.some(({ what, ok }) => what === WHOLE_SNAPSHOT && ok));
  const good = [...drills, ...whole].filter(({ outcome }) => outcome === 'ok' || outcome === 'warnings');
  return new Set(good.map(({ snapshot }) => snapshot));
}
