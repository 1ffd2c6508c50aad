/** Reads all index files of a repository into one table in memory. */
import { eachConcurrently } from '../../base/limit.ts';
import type { How } from '../engine.ts';
import { BlobTable, type BlobType } from './blob-table.ts';
import { idText } from './format/id.ts';
import { parseIndex } from './format/index-file.ts';
import { filesLately } from './listed-ahead.ts';
import { keyOf, type Repository, type RepositoryFile } from './repository.ts';

export interface LoadHow extends How {
  /** The caller adds to the table: nobody else gets the same one. */
  readonly own?: boolean;
  /** Ids of packs to leave out, because they are not there. */
  readonly without?: ReadonlySet<string>;
  /** Told of each index file that can not be read; without it the first one is thrown. */
  readonly onDamaged?: (id: string, error: unknown) => void;
}

export interface LoadedIndex {
  readonly table: BlobTable;
  /** Ids of the index files that are in the table. */
  readonly files: readonly string[];
}

/**
 * An entry of an index file takes no fewer stored bytes than this: its id is random, so its 32 bytes can not be compressed. The same
 * holds for a pack's id.
 */
const ENTRY_BYTES_MIN = 32;
/** Small reads that are under way at once hide the latency of a distant store; what they hold in memory stays small. */
const CONNECTIONS_MAX = 8;

/**
 * Room in the table for what a run may add: blobs for some terabytes. It costs address space, not memory, and a run that needs more
 * only stores some blobs twice.
 */
const SPARE_BLOBS = 4_000_000;
const SPARE_PACKS = 1_000_000;

/** The index that was loaded last: most commands look into it several times. Good as long as the same index files are there. */
const loaded = new WeakMap<Repository, LoadedIndex>();

/** The index that was loaded last; it may be an old one. */
export function knownIndex(repository: Repository): LoadedIndex | undefined {
  return loaded.get(repository);
}

/** Loads the index. Several entries of one blob are kept, where it stands in several places; the same place told twice counts once. */
export async function loadIndex(repository: Repository, how: LoadHow): Promise<LoadedIndex> {
  return await loadListed(repository, await repository.files('index', how), how);
}

async function loadListed(
  repository: Repository,
  listed: readonly RepositoryFile[],
  how: LoadHow,
): Promise<LoadedIndex> {
  // Who wants to be told of damage wants the files to be read.
  const known = how.onDamaged === undefined && how.without === undefined ? loaded.get(repository) : undefined;
  if (how.own === true) loaded.delete(repository);
  if (known !== undefined && isOf(known, listed)) return known;
  const index = await loadFiles(repository, listed, how);
  if (how.own !== true && index.files.length === listed.length) loaded.set(repository, index);
  return index;
}

const AHEAD_MS = 5000;

const fetching = new WeakMap<Repository, { readonly index: Promise<LoadedIndex>; readonly atMs: number }>();

/** Begins to load the index for whoever asks for {@link recentIndex} within some seconds. */
export function fetchIndexAhead(repository: Repository, how: How): void {
  const { signal } = how;
  const index = filesLately(repository, 'index', { signal }).then((listed) =>
    loadListed(repository, listed, { signal }),
  );
  index.catch(() => undefined);
  fetching.set(repository, { index, atMs: repository.clock.elapsedMs() });
}

/** The index as it was some seconds ago where it was fetched or listed ahead, once; else as it is now. */
export async function recentIndex(repository: Repository, { signal }: How): Promise<LoadedIndex> {
  const found = fetching.get(repository);
  fetching.delete(repository);
  if (found !== undefined && repository.clock.elapsedMs() - found.atMs < AHEAD_MS) return await found.index;
  return await loadListed(repository, await filesLately(repository, 'index', { signal }), { signal });
}

function isOf(index: LoadedIndex, listed: readonly RepositoryFile[]): boolean {
  const files = new Set(index.files);
  return files.size === listed.length && listed.every(({ id }) => files.has(id));
}

async function loadFiles(
  repository: Repository,
  listed: readonly RepositoryFile[],
  how: LoadHow,
): Promise<LoadedIndex> {
  const room = Math.ceil(listed.reduce((sum, file) => sum + file.sizeBytes, 0) / ENTRY_BYTES_MIN);
  const table = BlobTable.create(room + SPARE_BLOBS, room + SPARE_PACKS, room);
  const packs = new Map<string, number>();
  const files: string[] = [];
  const connections = Math.min(CONNECTIONS_MAX, repository.store.traits.connections);
  await eachConcurrently(listed, connections, how.signal, async ({ id }, signal) => {
    try {
      const kept = how.onDamaged === undefined ? 'use' : undefined;
      const json = await repository.readUnpacked('index', id, { signal, kept });
      addFile(table, packs, json, keyOf('index', id), how.without);
      files.push(id);
    } catch (error) {
      if (how.onDamaged === undefined || signal.aborted) throw error;
      how.onDamaged(id, error);
    }
  });
  return { table, files };
}

function addFile(
  table: BlobTable,
  packs: Map<string, number>,
  json: Uint8Array,
  key: string,
  without: ReadonlySet<string> | undefined,
): void {
  let pack = -1;
  let isNew = false;
  let isLeftOut = false;
  let places: Set<string> | undefined;
  parseIndex(json, key, {
    pack(id) {
      const text = idText(id);
      const known = packs.get(text);
      isNew = known === undefined;
      places = undefined;
      isLeftOut = without?.has(text) === true;
      if (isLeftOut) return;
      pack = known ?? table.addPack(id);
      if (isNew) packs.set(text, pack);
    },
    blob(id, type, offset, length, rawLength) {
      if (isLeftOut) return;
      if (!isNew) {
        if (isKnown(table, id, type, pack, offset)) return;
        places ??= placesIn(table, pack);
        const place = `${offset} ${type} ${idText(id)}`;
        if (places.has(place)) return;
        places.add(place);
      }
      const entry = table.add(id, type, { pack, offset, length, rawLength });
      // The room is reckoned from the size of the files, so this is a fault of ours; a blob must not be forgotten for it.
      if (pack < 0 || entry < 0) throw new Error(`no room in memory for all of ${key}`);
    },
  });
}

/** Whether the first entry of the blob is this very place: the usual case when a pack stands in two index files. */
function isKnown(table: BlobTable, id: Uint8Array, type: BlobType, pack: number, offset: number): boolean {
  const entry = table.find(id, type);
  return entry >= 0 && table.packOf(entry) === pack && table.offsetOf(entry) === offset;
}

/** All places known in one pack. Only needed for blobs that stand in several packs, one of which is told twice. */
function placesIn(table: BlobTable, pack: number): Set<string> {
  const places = new Set<string>();
  for (let entry = 0; entry < table.count; entry++) {
    if (table.packOf(entry) !== pack) continue;
    places.add(`${table.offsetOf(entry)} ${table.typeOf(entry)} ${idText(table.idOf(entry))}`);
  }
  return places;
}
