/** Which packs a verification reads. */
import { randomBytes } from '../../../base/ids.ts';
import type { VerifyHow } from '../../engine.ts';
import type { BlobTable } from '../blob-table.ts';
import { packKey } from '../pack-key.ts';

/**
 * The packs of `packs` that belong to the subset. Part n of m goes by the ids, so that all m parts together are all packs,
 * whenever and wherever each is read; the others are chosen at random.
 */
export function choosePacks(
  table: BlobTable,
  packs: readonly number[],
  sizes: Float64Array,
  subset: VerifyHow['subset'],
): number[] {
  if (subset === undefined) return [...packs];
  if ('files' in subset) {
    const files = new Set(subset.files);
    return packs.filter((pack) => files.has(packKey(table, pack)));
  }
  if ('part' in subset) {
    return packs.filter((pack) => table.packId(pack).readUInt32BE(0) % subset.of === subset.part - 1);
  }
  const shuffled = shuffle(packs);
  if ('percent' in subset) return shuffled.slice(0, Math.ceil((packs.length * subset.percent) / 100));
  let sizeBytes = 0;
  return shuffled.filter((pack) => {
    const isIn = sizeBytes < subset.sizeBytes;
    if (isIn) sizeBytes += sizes[pack]!;
    return isIn;
  });
}

function shuffle(packs: readonly number[]): number[] {
  const dice = randomBytes(packs.length * 4);
  return packs
    .map((pack, at) => ({ pack, rank: dice.readUInt32LE(at * 4) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ pack }) => pack);
}
