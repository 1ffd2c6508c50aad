/** Hands out a copy: its entries as they were recorded, its files as they are there, each compared with its hash. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { systemPath } from '../../base/names.ts';
import type { Content, ContentHow, Placed, Placement, RestoredEntry, Restoring } from '../../sources/source.ts';
import type { EntriesHow, How, Snapshot } from '../engine.ts';
import { inBatches } from '../in-batches.ts';
import { PlacedFile } from '../placed-file.ts';
import { selected } from '../selected-records.ts';
import { recordOf } from './list.ts';
import { type CopyRecord, type MirrorHandle, readEntries } from './record.ts';
import { damaged, type Repository } from './repository.ts';

/** Selected entries and the directories above them, in name order, in batches. */
export async function* entries(
  repository: Repository,
  snapshot: Snapshot,
  how: EntriesHow,
): AsyncGenerator<readonly RestoredEntry[]> {
  yield* batches(repository, await recordOf(repository, snapshot, how), how);
}

function batches(
  { records }: Repository,
  record: CopyRecord,
  how: EntriesHow,
): AsyncGenerator<readonly RestoredEntry[]> {
  return inBatches(selected(readEntries(records, record, how), record.snapshot.id, how.select), how);
}

/** Throws `snapshot.path-missing` before anything is handed out. */
export async function restore(repository: Repository, snapshot: Snapshot, how: EntriesHow): Promise<Restoring> {
  const record = await recordOf(repository, snapshot, how);
  const copy = await repository.place.standing(record.copy, record.mark, how);
  if (how.select !== undefined) for await (const _ of batches(repository, record, how)) how.signal.throwIfAborted();
  return {
    facts: record.facts,
    entries: () => batches(repository, record, how),
    place: (files, placeHow) => place(repository, copy, files, placeHow),
    async *stream(entry, streamHow) {
      for await (const content of repository.place.contents(copy, [copied(entry)], streamHow)) {
        yield* checked(bytesOf(content, entry), entry);
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** By the name it has in the copy. */
function copied(entry: RestoredEntry): RestoredEntry {
  return { ...entry, path: (entry.handle as MirrorHandle).path };
}

async function* place(
  { place: from }: Repository,
  copy: string,
  files: readonly Placement[],
  how: ContentHow,
): AsyncGenerator<Placed> {
  let index = 0;
  const wanted = files.map(({ entry }) => copied(entry));
  for await (const content of from.contents(copy, wanted, how)) {
    how.signal.throwIfAborted();
    yield await fill(files[index]!, index, content, how);
    index += 1;
  }
}

/** A file that can not be completed does not keep others from theirs. */
async function fill(placement: Placement, index: number, content: Content, how: How): Promise<Placed> {
  let file: PlacedFile | undefined;
  try {
    file = new PlacedFile(placement, index);
    for await (const chunk of checked(bytesOf(content, placement.entry), placement.entry)) {
      how.signal.throwIfAborted();
      file.write(chunk);
    }
    return file.finish();
  } catch (error) {
    const failed = file?.remove(error) ?? { index, error: error as Error };
    how.signal.throwIfAborted();
    return failed;
  }
}

/** The bytes. Throws at the end `repository.damaged` when they are not those that were recorded. */
async function* checked(chunks: AsyncIterable<Uint8Array>, { path, handle }: RestoredEntry) {
  const { sha256 } = handle as MirrorHandle;
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (sha256 !== undefined && hash.digest('hex') !== sha256)
    throw damaged(path, 'its content is not what was mirrored');
}

async function* bytesOf(content: Content, { path }: RestoredEntry): AsyncGenerator<Uint8Array> {
  if (content.kind === 'gone') throw damaged(path, 'it is not there');
  if (content.kind === 'stream') yield* content.chunks;
  else yield* fileBytes(content.path, path);
}

async function* fileBytes(place: string, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(systemPath(place), { highWaterMark: 1 << 20 });
  } catch (cause) {
    throw damaged(path, 'it can not be read', cause);
  }
}
