/** Decides what pruning does with each pack. Pure: it is told what is used and which files there are. */
import type { BlobTable } from './blob-table.ts';
import { createEntrySet, type EntrySet } from './entry-set.ts';
import { damaged } from './format/damaged.ts';
import { idText } from './format/id.ts';
import { entryBytes, HEADER_OVERHEAD } from './format/pack.ts';
import { groupByPack, type PackEntries } from './pack-entries.ts';
import { packKey } from './pack-key.ts';
import type { RepositoryFile } from './repository.ts';

export interface PruneInput {
  readonly table: BlobTable;
  /** First entries of the blobs that are needed. */
  readonly used: EntrySet;
  /** All packs that are there. */
  readonly files: readonly RepositoryFile[];
  /** Share of what remains that may be unused. */
  readonly maxUnused: number;
  /** Size that packs should have. */
  readonly packSizeBytes: number;
  /** Ids of packs that can not be removed; what they hold and nobody needs stays with them. Default: none. */
  readonly held?: ReadonlySet<string>;
}

export interface PrunePlan {
  /** Entries that must be there afterwards: of each needed blob exactly one copy. */
  readonly keep: EntrySet;
  readonly entries: PackEntries;
  /** Numbers of packs that stay as they are. */
  readonly kept: readonly number[];
  /** Numbers of packs whose needed blobs move to new packs. */
  readonly repacked: readonly number[];
  /** Numbers of packs that hold nothing needed. */
  readonly unneeded: readonly number[];
  /** Numbers of packs that an index names, that are not there and are not needed. */
  readonly vanished: readonly number[];
  /** Ids of packs that no index names. */
  readonly leftovers: readonly string[];
  readonly bytes: PruneBytes;
  /** Sizes of all packs that are there, by their ids. */
  readonly sizes: ReadonlyMap<string, number>;
}

export interface PruneBytes {
  /** Of what is there now. */
  readonly total: number;
  /** Of the packs that go: repacked, unneeded and left over. */
  readonly going: number;
  /** Needed bytes that are copied. */
  readonly moved: number;
  /** Bytes that stay although nothing needs them. */
  readonly unusedAfter: number;
}

interface Pack {
  readonly number: number;
  readonly held: boolean;
  readonly sizeBytes: number;
  readonly keptBytes: number;
  readonly keptBlobs: number;
  readonly unusedBytes: number;
  /** Trees and data in one pack, which format 2 does not allow. */
  readonly mixed: boolean;
}

/** Packs below this part of the wanted size are gathered, once there are enough of them. */
const SMALL_SHARE = 0.25;
const SMALL_PACKS_MIN = 10;

/** Throws `repository.damaged` when a pack that is needed is missing or has not the size that the index tells. */
export function planPrune(input: PruneInput): PrunePlan {
  const { table, files, held = new Set<string>() } = input;
  const sizes = new Map(files.map((file) => [file.id, file.sizeBytes]));
  const entries = groupByPack(table);
  const keep = chooseCopies(input, sizes, entries);
  const present: Pack[] = [];
  const vanished: number[] = [];
  const named = new Set<string>();
  for (let number = 0; number < table.packCount; number++) {
    const id = idText(table.packId(number));
    named.add(id);
    const pack = weigh(table, entries.of(number), keep, number, sizes.get(id));
    if (pack !== undefined) present.push({ ...pack, held: held.has(id) });
    else vanished.push(number);
  }
  const needed = present.filter((pack) => pack.keptBlobs > 0);
  const repacked = chooseRepacked(needed, input);
  const leftovers = files.filter((file) => !named.has(file.id) && !held.has(file.id));
  const unneeded = present.filter((pack) => pack.keptBlobs === 0 && !pack.held);
  const stuck = present.filter((pack) => pack.keptBlobs === 0 && pack.held);
  return {
    ...{ keep, entries, vanished, sizes },
    leftovers: leftovers.map((file) => file.id),
    kept: needed.filter((pack) => !repacked.has(pack)).map((pack) => pack.number),
    repacked: Array.from(repacked, (pack) => pack.number),
    unneeded: unneeded.map((pack) => pack.number),
    bytes: {
      total: sum(files, sizeOf),
      going: sum(repacked, sizeOf) + sum(unneeded, sizeOf) + sum(leftovers, sizeOf),
      moved: sum(repacked, (pack) => pack.keptBytes),
      unusedAfter: sum(needed, (pack) => (repacked.has(pack) ? 0 : pack.unusedBytes)) + sum(stuck, sizeOf),
    },
  };
}

/** Of each needed blob one entry: where it has several, the one whose pack is there and is least wasteful. */
function chooseCopies(input: PruneInput, sizes: ReadonlyMap<string, number>, entries: PackEntries): EntrySet {
  const { table, used } = input;
  const keep = createEntrySet(table.count);
  const copies = new Map<number, number[]>();
  for (let entry = 0; entry < table.count; entry++) {
    const first = table.find(table.idOf(entry), table.typeOf(entry));
    if (first === entry) continue;
    const known = copies.get(first);
    if (known === undefined) copies.set(first, [first, entry]);
    else known.push(entry);
  }
  for (let entry = 0; entry < table.count; entry++) {
    if (used.has(entry) && !copies.has(entry)) keep.add(entry);
  }
  const waste = new Map<number, number>();
  const wasteOf = (pack: number): number => {
    const found = waste.get(pack) ?? wasteIn(input, sizes, entries.of(pack), pack);
    waste.set(pack, found);
    return found;
  };
  for (const [first, all] of copies) {
    if (!used.has(first)) continue;
    keep.add(all.reduce((best, entry) => (wasteOf(table.packOf(entry)) < wasteOf(table.packOf(best)) ? entry : best)));
  }
  return keep;
}

/** Share of a pack that nothing needs, other copies counted as needed; endless for a pack that is not there. */
function wasteIn(
  { table, used }: PruneInput,
  sizes: ReadonlyMap<string, number>,
  entries: Uint32Array,
  pack: number,
): number {
  if (!sizes.has(idText(table.packId(pack)))) return Number.POSITIVE_INFINITY;
  let unused = 0;
  let total = 1;
  for (const entry of entries) {
    const length = table.lengthOf(entry);
    total += length;
    if (!used.has(table.find(table.idOf(entry), table.typeOf(entry)))) unused += length;
  }
  return unused / total;
}

/** Undefined for a pack that is not there and not needed. */
function weigh(
  table: BlobTable,
  entries: Uint32Array,
  keep: EntrySet,
  number: number,
  sizeBytes: number | undefined,
): Omit<Pack, 'held'> | undefined {
  let keptBytes = 0;
  let keptBlobs = 0;
  let expected = HEADER_OVERHEAD;
  let types = 0;
  for (const entry of entries) {
    const length = table.lengthOf(entry) + entryBytes(table.rawLengthOf(entry));
    expected += length;
    types |= 1 << table.typeOf(entry);
    if (!keep.has(entry)) continue;
    keptBytes += length;
    keptBlobs += 1;
  }
  if (keptBlobs > 0 && sizeBytes !== expected) {
    const key = packKey(table, number);
    throw damaged(key, sizeBytes === undefined ? 'it is missing' : `it has ${sizeBytes} bytes instead of ${expected}`);
  }
  if (sizeBytes === undefined) return undefined;
  const unusedBytes = keptBlobs === entries.length ? 0 : sizeBytes - keptBytes;
  return { number, sizeBytes, keptBytes, keptBlobs, unusedBytes, mixed: types === 3 };
}

/** The most wasteful packs first, until what stays unused is within the limit; then small packs, if there are many. */
function chooseRepacked(all: readonly Pack[], { maxUnused, packSizeBytes }: PruneInput): Set<Pack> {
  const needed = all.filter((pack) => !pack.held);
  const repacked = new Set(needed.filter((pack) => pack.mixed));
  const small = needed.filter((pack) => pack.sizeBytes < packSizeBytes * SMALL_SHARE);
  if (small.length >= SMALL_PACKS_MIN) for (const pack of small) repacked.add(pack);
  const wasteful = needed.filter((pack) => pack.unusedBytes > 0 && !repacked.has(pack));
  wasteful.sort((a, b) => b.unusedBytes / b.sizeBytes - a.unusedBytes / a.sizeBytes);
  const used = sum(needed, (pack) => pack.sizeBytes - pack.unusedBytes);
  let unused = sum(wasteful, (pack) => pack.unusedBytes);
  for (const pack of wasteful) {
    if (unused <= maxUnused * (used + unused)) break;
    repacked.add(pack);
    unused -= pack.unusedBytes;
  }
  return repacked;
}

function sizeOf({ sizeBytes }: { readonly sizeBytes: number }): number {
  return sizeBytes;
}

function sum<T>(items: Iterable<T>, value: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += value(item);
  return total;
}
