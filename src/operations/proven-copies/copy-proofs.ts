/** When single snapshots were last read back whole, and how. */
import type { Catalog } from '../../catalog/catalog.ts';
import type { CopyProof } from '../../rules/three-two-one.ts';
import { WHOLE_SNAPSHOT } from '../record/record-restore.ts';

/** Of the snapshot with this id; undefined: nobody knows of any. */
export type CopyProofs = (snapshot: string) => Omit<CopyProof, 'of'> | undefined;

const LOOKED_AT = 10_000;

/** Of the snapshots in one repository, as the catalog has it; without one nothing is known to be proven. */
export async function copyProofs(catalog: Catalog | undefined, repository: string): Promise<CopyProofs> {
  const proofs = new Map<string, Omit<CopyProof, 'of'>>();
  const add = (snapshot: string, how: CopyProof['how'], at: Date) => {
    const known = proofs.get(snapshot);
    if (known === undefined || known.at < at) proofs.set(snapshot, { how, at });
  };
  try {
    const read = (await catalog?.verdicts({ repository })) ?? [];
    for (const { snapshot, depth, ok, at } of read) if (depth === 'data' && ok) add(snapshot, 'verified', at);
    const query = { repository, limit: LOOKED_AT };
    const isGood = ({ outcome }: { readonly outcome: string }) => outcome === 'ok' || outcome === 'warnings';
    for (const one of (await catalog?.drills(query)) ?? []) if (isGood(one)) add(one.snapshot, 'drilled', one.endedAt);
    for (const one of (await catalog?.restores(query)) ?? []) {
      const isWhole = one.checks.some(({ what, ok }) => what === WHOLE_SNAPSHOT && ok);
      if (isWhole && isGood(one)) add(one.snapshot, 'restored', one.endedAt);
    }
  } catch {
    // What the catalog does not tell is not known.
  }
  return (snapshot) => proofs.get(snapshot);
}
