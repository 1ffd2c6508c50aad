/** Restores a backup: everything is checked first, then handed out. */
import { displayName } from '../../base/names.ts';
import type { RestoredEntry, Restoring } from '../../sources/source.ts';
import type { EntriesHow, How, Snapshot } from '../engine.ts';
import { inBatches } from '../in-batches.ts';
import type { LineSpool } from '../line-spool.ts';
import { placeInOrder } from '../place-in-order.ts';
import { selected } from '../selected-records.ts';
import { streamInTurn } from '../stream-in-turn.ts';
import { damaged, type Repository } from './repository.ts';
import { openCursor } from './restore/cursor.ts';
import type { ContentHandle, IndexRecord } from './restore/index-record.ts';
import { findLinked, type LinkedFiles, toEntry } from './restore/links.ts';
import { containerOf, scan } from './restore/scan.ts';
import type { SidecarDocument } from './sidecar.ts';
import { type Backup, findBackup, readSidecar } from './sidecars.ts';

interface Checked extends AsyncDisposable {
  readonly backup: Backup;
  readonly document: SidecarDocument;
  readonly records: LineSpool<IndexRecord>;
  readonly linked: LinkedFiles;
}

/** Reads the whole stored file. Throws `repository.damaged` unless it is what was stored, and holds what can be unpacked. */
async function check(repository: Repository, snapshot: Snapshot, how: How): Promise<Checked> {
  const backup = await findBackup(repository, snapshot.id, how);
  const document = await readSidecar(repository, backup.sidecar.stored, how);
  const { problem, records } = await scan(repository, backup, document, how);
  await using opening = new AsyncDisposableStack();
  opening.use(records);
  if (problem !== undefined) throw problem;
  const linked = await findLinked(records, backup.file.key);
  const opened = opening.move();
  return { backup, document, records, linked, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Selected entries and the directories above them, in name order, in batches. */
export async function* entries(
  repository: Repository,
  snapshot: Snapshot,
  how: EntriesHow,
): AsyncGenerator<readonly RestoredEntry[]> {
  await using checked = await check(repository, snapshot, how);
  yield* entriesOf(checked, snapshot, how);
}

function entriesOf(checked: Checked, snapshot: Snapshot, how: EntriesHow): AsyncGenerator<readonly RestoredEntry[]> {
  return inBatches(chosenOf(checked, snapshot, how), how);
}

async function* chosenOf({ records, linked }: Checked, { id }: Snapshot, { select }: EntriesHow) {
  for await (const record of selected(records.values(), id, select)) yield toEntry(record, linked);
}

/** Throws `repository.damaged` and `snapshot.path-missing` before anything is handed out. */
export async function restore(repository: Repository, snapshot: Snapshot, how: EntriesHow): Promise<Restoring> {
  await using opening = new AsyncDisposableStack();
  const checked = opening.use(await check(repository, snapshot, how));
  const { backup, document } = checked;
  for await (const _ of selected(checked.records.values(), snapshot.id, how.select)) how.signal.throwIfAborted();
  const container = containerOf(document, backup.file.key);
  const open = () => openCursor(repository, backup, container);
  const placing = opening.use(open());
  const streaming = opening.use(
    streamInTurn(open, (path) => damaged(backup.file.key, `${displayName(path)} is no file`)),
  );
  const opened = opening.move();
  return {
    facts: document.facts,
    entries: () => entriesOf(checked, snapshot, how),
    place: (files, placeHow) =>
      placeInOrder((handle: ContentHandle) => placing.content(handle, placeHow), files, placeHow),
    stream: streaming.stream,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
