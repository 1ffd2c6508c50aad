/** What healing did to snapshots, as the repository lists them afterwards. */
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine, Listing, Snapshot, VerifyReport } from '../engines/engine.ts';
import { type HealResult, healedText, type Replaced } from './heal-result.ts';
import { snapshotResults } from './snapshot-results.ts';
import type { StepTools } from './step.ts';

/** Snapshots that only a new copy can make whole, or in a dry run, could. Of the rest everything that others have was taken. */
export async function badOnes(
  engine: Engine,
  { after, healed }: Pick<HealResult, 'after' | 'healed'>,
  tools: StepTools,
): Promise<readonly { readonly id: string }[]> {
  if (healed === undefined) return [];
  const listing = await engine.list(tools);
  const toCopy = new Set(healed.lost.toCopy);
  const bad = [...listing.unreadable, ...listing.snapshots.filter(({ id }) => toCopy.has(id))];
  if (after === undefined) return bad;
  const good = new Set(snapshotResults(listing, after).flatMap(({ id, ok }) => (ok ? [id] : [])));
  return bad.filter(({ id }) => !good.has(id));
}

export function newOnes({ snapshots }: Listing, replaced: readonly Replaced[]): readonly Snapshot[] {
  const ids = new Set(replaced.flatMap(({ snapshot, by }) => (by === snapshot ? [] : [by])));
  return snapshots.filter(({ id }) => ids.has(id));
}

type Found = Pick<HealResult, 'before' | 'healed'> & { readonly after: VerifyReport } & { readonly readData: boolean };

/**
 * What is said of each snapshot. One that was bad because of what it holds is good again when that was healed and read back: then the rest of it is as
 * good as it was when it was found bad.
 */
export function resultsOf(
  listing: Listing,
  { readData, before, after, healed }: Found,
  wasBad: ReadonlySet<string>,
): HealResult['results'] {
  const said = healedText(healed);
  return snapshotResults(listing, after).map((result) => {
    const isMended = result.ok && before.problems.length > 0 && wasBad.has(result.id);
    const message = said !== '' && isMended ? said : result.message;
    return { ...result, message, depth: readData || isMended ? 'data' : 'structure' };
  });
}

export async function badByData(catalog: Catalog | undefined, repository: string): Promise<ReadonlySet<string>> {
  const verdicts = (await catalog?.verdicts({ repository }).catch(() => [])) ?? [];
  return new Set(verdicts.flatMap(({ depth, ok, snapshot }) => (depth === 'data' && !ok ? [snapshot] : [])));
}
