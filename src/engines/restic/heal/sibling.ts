/** Another restic repository that may have what is lost here: blobs of the same id are the same bytes everywhere. */

import { hasCode } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { HealFrom, How } from '../../engine.ts';
import { blobRanges } from '../blob-ranges.ts';
import { type BlobTable, TREE } from '../blob-table.ts';
import { type CarefulReader, findCopies, openCarefulReader } from '../copies.ts';
import { idText } from '../format/id.ts';
import { nodesOf } from '../format/tree.ts';
import { loadIndex } from '../load-index.ts';
import { takeLock } from '../locks.ts';
import { openBlob } from '../read-blob.ts';
import { readBytes } from '../read-range.ts';
import type { Repository } from '../repository.ts';
import type { LostBlob, LostBlobs } from './lost-blobs.ts';

export interface Sibling extends AsyncDisposable {
  readonly name: string;
  readonly repository: Repository;
  /** Tells each of the lost blobs that is good there, checked against its id. */
  each(lost: LostBlobs, how: How, found: (blob: LostBlob, plain: Uint8Array) => Promise<void>): Promise<void>;
}

/** Each range takes memory. */
const RANGES_AT_ONCE = 2;

/** Undefined for a repository of another kind. It is locked as for a restore until its end. Throws what opening it throws. */
export async function openSibling({ name, open }: HealFrom, how: How): Promise<Sibling | undefined> {
  const engine = await open?.(how);
  if (engine?.traits.kind !== 'restic' || engine.inner === undefined) return undefined;
  const repository = engine.inner as Repository;
  const lock = await takeLock(repository, { signal: how.signal, exclusive: false, optional: true });
  let loaded: Promise<Loaded> | undefined;
  return {
    name,
    repository,
    async each(lost, eachHow, found) {
      loaded ??= load(repository, eachHow);
      const { table, careful } = await loaded;
      const wanted = new Map<number, LostBlob>();
      for (const blob of lost) {
        const entry = table.findText(blob.id, blob.type);
        if (entry >= 0 && table.isStored(entry)) wanted.set(entry, blob);
      }
      const ranges = blobRanges(table, wanted.keys());
      await eachConcurrently(ranges, RANGES_AT_ONCE, eachHow.signal, async (range, signal) => {
        const bytes = await readBytes(repository, table, range, { signal });
        for (const entry of range.entries) {
          const blob = wanted.get(entry)!;
          const from = table.offsetOf(entry) - range.offset;
          const sealed = bytes?.slice(from, from + table.lengthOf(entry));
          const plain = await openOrSearch(repository, table, careful, entry, sealed, { signal });
          if (plain !== undefined && isWhatItIs(blob, plain)) await found(blob, plain);
        }
      });
    },
    [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
  };
}

interface Loaded {
  readonly table: BlobTable;
  readonly careful: CarefulReader;
}

/** What can not be read of the other index is not looked for. */
async function load(repository: Repository, { signal }: How): Promise<Loaded> {
  const { table } = await loadIndex(repository, {
    signal,
    onDamaged: (_id, error) => {
      if (!hasCode(error, 'repository.damaged')) throw error;
    },
  });
  return { table, careful: openCarefulReader(repository, table, findCopies(table)) };
}

async function openOrSearch(
  repository: Repository,
  table: BlobTable,
  careful: CarefulReader,
  entry: number,
  sealed: Uint8Array | undefined,
  how: How,
): Promise<Uint8Array | undefined> {
  const plain =
    sealed === undefined ? undefined : openBlob(repository.sealer, sealed, table.rawLengthOf(entry), table.idOf(entry));
  if (plain !== undefined && typeof plain !== 'string') return plain;
  try {
    return await careful.read(entry, how);
  } catch (error) {
    if (hasCode(error, 'repository.damaged')) return undefined;
    throw error;
  }
}

/** A tree is taken only if it is one. */
function isWhatItIs({ id, type }: LostBlob, plain: Uint8Array): boolean {
  if (type !== TREE) return true;
  try {
    for (const _ of nodesOf(plain, id));
    return true;
  } catch {
    return false;
  }
}

/** Whether both are the same repository, one a copy of the other's files. */
export function isTwin(one: Repository, other: Repository): boolean {
  const keys = ({ masterKey: { encrypt, macK, macR } }: Repository) => idText(Buffer.concat([encrypt, macK, macR]));
  return one.config.id === other.config.id && one.store !== other.store && keys(one) === keys(other);
}
