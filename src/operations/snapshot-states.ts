/** What is known of the snapshots of a repository besides that they are there. */
import type { Catalog, Verdict } from '../catalog/catalog.ts';
import { provenSnapshots } from './proven.ts';

export interface SnapshotState {
  /** `proven`: drilled or restored whole; `data`: every byte was read; `structure`; `bad`; `unverified`. */
  readonly state: 'proven' | 'data' | 'structure' | 'bad' | 'unverified';
  /** When it was last verified; undefined where it was not. */
  readonly verifiedAt: Date | undefined;
  /** What is wrong; '' where nothing is known to be. */
  readonly message: string;
}

export type StatesOf = (snapshot: string) => SnapshotState;

/** Without a catalog, or with one that can not be read, nothing is known of any. */
export async function snapshotStates(catalog: Catalog | undefined, repository: string): Promise<StatesOf> {
  if (catalog === undefined) return () => UNVERIFIED;
  try {
    const proven = await provenSnapshots(catalog, repository);
    const verdicts = Map.groupBy(await catalog.verdicts({ repository }), (verdict) => verdict.snapshot);
    return (snapshot) => stateOf(verdicts.get(snapshot) ?? [], proven.has(snapshot));
  } catch {
    return () => UNVERIFIED;
  }
}

const UNVERIFIED: SnapshotState = { state: 'unverified', verifiedAt: undefined, message: '' };

/** A look at the structure takes nothing back that reading the data found. */
function stateOf(verdicts: readonly Verdict[], isProven: boolean): SnapshotState {
  const data = verdicts.find(({ depth }) => depth === 'data');
  const structure = verdicts.find(({ depth }) => depth === 'structure');
  const isNewer = structure !== undefined && (data === undefined || structure.at > data.at);
  const verifiedAt = isNewer ? structure.at : data?.at;
  const bad = data?.ok === false ? data : isNewer && !structure.ok ? structure : undefined;
  if (bad !== undefined) return { state: 'bad', verifiedAt, message: bad.message };
  if (isProven) return { state: 'proven', verifiedAt, message: '' };
  if (data !== undefined) return { state: 'data', verifiedAt, message: '' };
  return structure === undefined ? UNVERIFIED : { state: 'structure', verifiedAt, message: '' };
}
