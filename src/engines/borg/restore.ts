/** Looks into a snapshot, and restores it. */
import { BATCH_ENTRIES, type RestoredEntry, type Restoring } from '../../sources/source.ts';
import type { EntriesHow, How, Snapshot } from '../engine.ts';
import { fromRecord, toRecord } from '../entry-record.ts';
import { LineSpool } from '../line-spool.ts';
import { placeInOrder } from '../place-in-order.ts';
import { selected } from '../selected-records.ts';
import { openCursor } from './cursor.ts';
import { openDocument } from './document.ts';
import { allEntries } from './entries.ts';
import type { ContentHandle, HeldEntry } from './held-entry.ts';
import type { HeldSnapshot } from './looked-into.ts';
import { damaged, type Repository } from './repository.ts';

/** Selected entries and the directories above them, in name order, in batches. */
export async function* entries(
  repository: Repository,
  snapshot: Snapshot,
  how: EntriesHow,
): AsyncGenerator<readonly RestoredEntry[]> {
  await using held = await lookInto(repository, snapshot, how);
  yield* batches(selectedIn(held, snapshot, how), held, how);
}

/** Throws `snapshot.path-missing` before anything is handed out, and `repository.damaged` where the list of files can not be read. */
export async function restore(repository: Repository, snapshot: Snapshot, how: EntriesHow): Promise<Restoring> {
  await using opening = new AsyncDisposableStack();
  const held = opening.use(await lookInto(repository, snapshot, how));
  const chosen = () => selectedIn(held, snapshot, how);
  for await (const _ of chosen()) how.signal.throwIfAborted();
  const wanted = () => handlesOf(chosen());
  const placing = opening.use(openCursor(repository, snapshot.tree, wanted));
  const streaming = opening.use(openCursor(repository, snapshot.tree, wanted));
  const opened = opening.move();
  // Only what Surety wrote has the order of entries: of anything else, what is asked for together is had together.
  const isOrdered = held.facts !== undefined;
  let isStreaming = false;

  /** Files are mostly streamed one after another, in the order of the archive: one cursor serves them all. */
  async function* stream({ handle, path }: RestoredEntry, streamHow: How): AsyncGenerator<Uint8Array> {
    if (handle === undefined) throw damaged(snapshot.tree, `${path} is no file`);
    if (isStreaming) {
      await using another = openCursor(repository, snapshot.tree, wanted);
      yield* another.content(handle as ContentHandle, streamHow);
      return;
    }
    isStreaming = true;
    try {
      yield* streaming.content(handle as ContentHandle, streamHow);
    } finally {
      isStreaming = false;
    }
  }

  return {
    facts: held.facts,
    entries: () => batches(chosen(), held, how),
    place: (files, placeHow) =>
      placeInOrder(
        (handle: ContentHandle, together) => placing.content(handle, placeHow, isOrdered ? undefined : together),
        files,
        placeHow,
      ),
    stream,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function lookInto(repository: Repository, snapshot: Snapshot, how: How): Promise<HeldSnapshot & AsyncDisposable> {
  return repository.looked.use(snapshot.id, async () => {
    await using opening = new AsyncDisposableStack();
    const entries = opening.use(new LineSpool<HeldEntry>());
    const document = await openDocument(repository, snapshot, how);
    const names = new Map<number, number>();
    for await (const entry of allEntries(repository, snapshot.tree, document, how)) {
      const held = toHeld(entry);
      if (held.links > 1) names.set(held.inode, (names.get(held.inode) ?? 0) + 1);
      await entries.add(held);
    }
    opening.move();
    return { id: snapshot.id, facts: document?.head.facts, entries, names };
  });
}

function selectedIn({ entries }: HeldSnapshot, snapshot: Snapshot, { select }: EntriesHow): AsyncGenerator<HeldEntry> {
  return selected(entries.values(), snapshot.tree, select);
}

function toHeld(entry: RestoredEntry): HeldEntry {
  const { inode, links, handle } = entry;
  const content = handle === undefined ? {} : { handle: handle as ContentHandle };
  return { ...toRecord(entry, entry.xattrs), inode: Number(inode), links, ...content };
}

async function* batches(
  held: AsyncIterable<HeldEntry>,
  { names }: HeldSnapshot,
  how: How,
): AsyncGenerator<readonly RestoredEntry[]> {
  let batch: RestoredEntry[] = [];
  for await (const { inode, links: _, handle, ...record } of held) {
    how.signal.throwIfAborted();
    batch.push(fromRecord(record, { inode, links: names.get(inode) ?? 1, handle }));
    if (batch.length < BATCH_ENTRIES) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* handlesOf(held: AsyncIterable<HeldEntry>): AsyncGenerator<ContentHandle> {
  for await (const { handle } of held) if (handle !== undefined) yield handle;
}
