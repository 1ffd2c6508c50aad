/** Looks into a snapshot, and restores it. */
import { displayName } from '../../base/names.ts';
import type { RestoredEntry, Restoring } from '../../sources/source.ts';
import type { EntriesHow, How, Snapshot } from '../engine.ts';
import { fromRecord, toRecord } from '../entry-record.ts';
import { inBatches } from '../in-batches.ts';
import { LineSpool } from '../line-spool.ts';
import { placeInOrder } from '../place-in-order.ts';
import { selected } from '../selected-records.ts';
import { streamInTurn } from '../stream-in-turn.ts';
import { openCursor } from './cursor.ts';
import { openDocument } from './document.ts';
import { allEntries } from './entries.ts';
import type { ContentHandle, HeldEntry } from './held-entry.ts';
import type { HeldSnapshot } from './looked-into.ts';
import { damaged, type Repository } from './repository.ts';
import { streamWindows } from './stream-windows.ts';

/** Selected entries and the directories above them, in name order, in batches. */
export async function* entries(
  repository: Repository,
  snapshot: Snapshot,
  how: EntriesHow,
): AsyncGenerator<readonly RestoredEntry[]> {
  await using held = await lookInto(repository, snapshot, how);
  yield* inBatches(restored(selectedIn(held, snapshot, how), held), how);
}

/** Throws `snapshot.path-missing` before anything is handed out, and `repository.damaged` where the list of files can not be read. */
export async function restore(repository: Repository, snapshot: Snapshot, how: EntriesHow): Promise<Restoring> {
  await using opening = new AsyncDisposableStack();
  const held = opening.use(await lookInto(repository, snapshot, how));
  const chosen = () => selectedIn(held, snapshot, how);
  for await (const _ of chosen()) how.signal.throwIfAborted();
  const wanted = () => handlesOf(chosen());
  const open = () => openCursor(repository, snapshot.tree, wanted);
  const placing = opening.use(open());
  // Only what Surety wrote has the order of entries: of anything else, what is asked for together is had together.
  const isOrdered = held.facts !== undefined;
  const noFile = (path: string) => damaged(snapshot.tree, `${displayName(path)} is no file`);
  const streaming = opening.use(
    isOrdered ? streamInTurn(open, noFile) : streamWindows({ open, coming: wanted, noFile }),
  );
  const opened = opening.move();
  return {
    facts: held.facts,
    entries: () => inBatches(restored(chosen(), held), how),
    place: (files, placeHow) =>
      placeInOrder(
        (handle: ContentHandle, together) => placing.content(handle, placeHow, isOrdered ? undefined : together),
        files,
        placeHow,
      ),
    stream: streaming.stream,
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

/** A file has as many links as it has names in the snapshot. */
async function* restored(held: AsyncIterable<HeldEntry>, { names }: HeldSnapshot): AsyncGenerator<RestoredEntry> {
  for await (const { inode, links: _, handle, ...record } of held) {
    yield fromRecord(record, { inode, links: names.get(inode) ?? 1, handle });
  }
}

async function* handlesOf(held: AsyncIterable<HeldEntry>): AsyncGenerator<ContentHandle> {
  for await (const { handle } of held) if (handle !== undefined) yield handle;
}
