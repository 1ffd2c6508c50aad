import { randomHex } from '../../../base/ids.ts';
import type { Snapshot, VerifyHow } from '../../engine.ts';

/** Which of the archives are read, in random order; and after how many bytes it is enough. */
export function chooseArchives(
  snapshots: readonly Snapshot[],
  subset: VerifyHow['subset'],
): { readonly chosen: readonly Snapshot[]; readonly limitBytes: number } {
  const all = { chosen: shuffled(snapshots), limitBytes: Number.POSITIVE_INFINITY };
  if (subset === undefined || 'files' in subset) return all;
  if ('sizeBytes' in subset) return { ...all, limitBytes: subset.sizeBytes };
  if ('percent' in subset) {
    return { ...all, chosen: all.chosen.slice(0, Math.ceil((snapshots.length * subset.percent) / 100)) };
  }
  // An archive stays in its part, whatever is added and removed.
  const partOf = ({ id }: Snapshot) => Number.parseInt(id.slice(0, 8), 16) % subset.of;
  return { ...all, chosen: snapshots.filter((one) => partOf(one) === subset.part - 1) };
}

function shuffled(snapshots: readonly Snapshot[]): Snapshot[] {
  const ranked = snapshots.map((snapshot) => ({ snapshot, rank: randomHex(8) }));
  return ranked.sort((left, right) => (left.rank < right.rank ? -1 : 1)).map(({ snapshot }) => snapshot);
}
