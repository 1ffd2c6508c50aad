/** Moves what is good in damaged packs to new ones, and finds out what is not. */
import { SuretyError } from '../../../base/errors.ts';
import type { How } from '../../engine.ts';
import { blobRanges } from '../blob-ranges.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import type { Copies } from '../copies.ts';
import { idBytes, idText } from '../format/id.ts';
import type { PackEntry } from '../format/pack.ts';
import { groupByPack } from '../pack-entries.ts';
import { packKey } from '../pack-key.ts';
import { openBlob, readEntry } from '../read-blob.ts';
import { readHeader } from '../read-header.ts';
import { keyOf, type Repository, type RepositoryFile } from '../repository.ts';
import { SEAL_OVERHEAD } from '../seal.ts';
import { sha256Hex } from '../sha256.ts';
import type { BlobWriter } from './blob-writer.ts';
import type { LostBlobs } from './lost-blobs.ts';

export interface Salvage {
  readonly repository: Repository;
  readonly table: BlobTable;
  readonly copies: Copies;
  /** Numbers of the packs with which anything is wrong. */
  readonly bad: ReadonlySet<number>;
  readonly sizes: Float64Array;
  readonly writer: BlobWriter;
  readonly lost: LostBlobs;
}

/** Ids (hex digits) of damaged packs that are there, each with the ids of what is lost in it. */
export type Emptied = Map<string, string[]>;

/** Every blob of the bad packs is stored elsewhere then, or among the lost. */
export async function salvage(work: Salvage, how: How): Promise<Emptied> {
  const { repository, table, bad, sizes } = work;
  const emptied: Emptied = new Map();
  if (bad.size === 0) return emptied;
  const entries = groupByPack(table);
  for (const pack of bad) {
    const all = entries.of(pack);
    const isMissing = sizes[pack]! < 0;
    if (isMissing) await confirmMissing(repository, packKey(table, pack), how);
    const spoiled = isMissing ? [...all] : await salvagePack(work, pack, all, how);
    const lost: number[] = [];
    for (const entry of spoiled) if (!(await isElsewhere(work, entry, how))) lost.push(entry);
    for (const entry of lost) work.lost.add(idText(table.idOf(entry)), table.typeOf(entry), plainLength(table, entry));
    if (!isMissing)
      emptied.set(
        idText(table.packId(pack)),
        lost.map((entry) => idText(table.idOf(entry))),
      );
  }
  // What was spoiled in one bad pack may have been good in the next one.
  for (const { id, type } of [...work.lost]) if (work.writer.has(idBytes(id), type)) work.lost.settle(id, type);
  return emptied;
}

/** A listing that leaves out what is there would have whole packs taken for lost. */
async function confirmMissing(repository: Repository, key: string, how: How): Promise<void> {
  if ((await repository.store.stat(key, how)) === undefined) return;
  throw new SuretyError('store.failed', `${key} is there, but the list of packs leaves it out`, {
    hint: 'the store does not list everything: find out why before anything is changed',
    retry: 'later',
    details: { key },
  });
}

export function plainLength(table: BlobTable, entry: number): number {
  return table.rawLengthOf(entry) || table.lengthOf(entry) - SEAL_OVERHEAD;
}

/** Whether the blob is stored anew, or good in another pack: that is looked at, since nobody may have read that pack for long. */
async function isElsewhere(work: Salvage, entry: number, how: How): Promise<boolean> {
  const { repository, table, copies, bad, writer } = work;
  const id = table.idOf(entry);
  const type = table.typeOf(entry);
  if (writer.has(id, type)) return true;
  for (const copy of copies.of(table.find(id, type))) {
    if (bad.has(table.packOf(copy))) continue;
    if (typeof (await readEntry(repository, table, copy, how)) !== 'string') return true;
  }
  return false;
}

/** Returns the entries that are not good. */
async function salvagePack(work: Salvage, pack: number, all: Uint32Array, how: How): Promise<number[]> {
  const { repository, table, writer } = work;
  const spoiled: number[] = [];
  const end = work.sizes[pack]!;
  const isWithin = (entry: number): boolean => table.offsetOf(entry) + table.lengthOf(entry) <= end;
  spoiled.push(...all.filter((entry) => !isWithin(entry)));
  for (const range of blobRanges(table, all.filter(isWithin))) {
    const bytes = await repository.store.read(
      packKey(table, pack),
      { offset: range.offset, length: range.length },
      how,
    );
    for (const entry of range.entries) {
      const id = table.idOf(entry);
      const from = table.offsetOf(entry) - range.offset;
      const sealed = bytes.subarray(from, from + table.lengthOf(entry));
      const raw = table.rawLengthOf(entry);
      // Opening overwrites what is opened, and what is moved is the sealed blob.
      if (typeof openBlob(repository.sealer, sealed.slice(), raw, id) !== 'string') {
        if (!(await isElsewhere(work, entry, how))) await writer.addSealed(id, table.typeOf(entry), sealed, raw);
        continue;
      }
      const again = await readEntry(repository, table, entry, how);
      if (typeof again === 'string') spoiled.push(entry);
      else await writer.add(id, table.typeOf(entry), again);
    }
  }
  return spoiled;
}

export interface Loose {
  readonly repository: Repository;
  readonly table: BlobTable;
  /** Packs that no index names. */
  readonly files: readonly RepositoryFile[];
  /** They are named whatever is in them: an index file that may have named them is damaged. */
  readonly all: boolean;
  readonly writer: BlobWriter;
  readonly lost: LostBlobs;
}

/**
 * Looks for what is lost in packs that no index names. A whole one is adopted; of a damaged one what is good is stored anew, and how long the rest was is learned.
 * Returns how many blobs were found.
 */
export async function searchLoose(work: Loose, how: How): Promise<number> {
  let found = 0;
  for (const file of work.files) {
    how.signal.throwIfAborted();
    const blobs = await headerOf(work.repository, file, how);
    if (blobs === undefined) continue;
    const wanted = blobs.filter(({ id, type }) => isWanted(work, id, type));
    if (wanted.length === 0) continue;
    const bytes = await work.repository.store.read(keyOf('data', file.id), undefined, how);
    if (sha256Hex(bytes) === file.id) await work.writer.adopt(idBytes(file.id), blobs);
    else await takeGood(work, bytes, wanted);
    for (const { id, type } of wanted) {
      if (!work.writer.has(id, type) || !work.lost.has(idText(id), type)) continue;
      work.lost.settle(idText(id), type);
      found += 1;
    }
  }
  return found;
}

function isWanted({ all, table, writer, lost }: Loose, id: Uint8Array, type: PackEntry['type']): boolean {
  if (writer.has(id, type)) return false;
  return lost.has(idText(id), type) || (all && table.find(id, type) < 0);
}

async function headerOf(repository: Repository, file: RepositoryFile, how: How): Promise<PackEntry[] | undefined> {
  try {
    return await readHeader(repository, file, how);
  } catch (error) {
    if (error instanceof SuretyError && ['repository.damaged', 'store.not-found'].includes(error.code))
      return undefined;
    throw error;
  }
}

async function takeGood({ repository, writer, lost }: Loose, bytes: Uint8Array, blobs: readonly PackEntry[]) {
  for (const { id, type, offset, length, rawLength } of blobs) {
    const sealed = bytes.subarray(offset, offset + length);
    if (typeof openBlob(repository.sealer, sealed.slice(), rawLength, id) !== 'string')
      await writer.addSealed(id, type, sealed, rawLength);
    else if (type === DATA && lost.has(idText(id), type))
      lost.add(idText(id), type, rawLength || length - SEAL_OVERHEAD);
  }
}
