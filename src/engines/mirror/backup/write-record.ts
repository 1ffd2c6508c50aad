import type { Reading } from '../../../sources/source.ts';
import type { BackupHow, BackupStats, Snapshot, SnapshotFacts } from '../../engine.ts';
import { inSameMonth, monthCopyOf } from '../copy-name.ts';
import type { Prepared } from '../place.ts';
import {
  type CopyRecord,
  entryLines,
  type ListedEntry,
  newEntriesKey,
  readEntries,
  recordKey,
  toDocument,
} from '../record.ts';
import type { Repository } from '../repository.ts';

export interface Made {
  readonly listed: readonly ListedEntry[];
  readonly prepared: Pick<Prepared, 'mark' | 'files'>;
  readonly facts: SnapshotFacts;
  readonly stats: BackupStats;
  readonly reading: Reading;
}

/** Writes what is remembered of a copy, last of all; then what was remembered of the one before goes. */
export async function writeRecord(
  { records, user, program }: Repository,
  copy: string,
  { listed, prepared, facts, stats, reading }: Made,
  own: readonly CopyRecord[],
  how: BackupHow,
): Promise<CopyRecord> {
  const stamp = how.startedAt.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15);
  const snapshot: Snapshot = {
    ...{ id: `${copy.replace('/', '_')}_${stamp}`, time: how.startedAt, host: reading.host, paths: reading.paths },
    ...{ tags: how.tags, user, source: how.source, recoveryPoint: how.recoveryPoint, tree: '', stats, program },
  };
  const { mark } = prepared;
  const turn = how.isCopy === true ? undefined : 1 + Math.max(0, ...own.map((one) => one.turn ?? 0));
  const key = newEntriesKey(copy);
  await records.put(key, { open: () => entryLines(listed, prepared.files) }, how);
  const replaced = own.filter((one) => one.copy === copy && one.snapshot.id !== snapshot.id);
  if (replaced.length > 0) how.replacing?.(replaced.map((one) => one.snapshot.id));
  await records.put(recordKey(copy), toDocument({ copy, mark, turn, entriesKey: key }, snapshot, facts), how);
  for (const one of own) if (one.copy === copy) await records.delete(one.entriesKey, how);
  return { key: recordKey(copy), copy, mark, turn, entriesKey: key, snapshot, facts };
}

/** The first run of a month leaves a copy that stays until the same month of the next year. */
export async function keepMonth(
  repository: Repository,
  made: CopyRecord,
  own: readonly CopyRecord[],
  how: BackupHow,
): Promise<void> {
  const name = monthCopyOf(how.startedAt, repository.rotate);
  if (name === undefined) return;
  const copy = `${how.source}/${name}`;
  const before = own.find((one) => one.copy === copy);
  if (before !== undefined && inSameMonth(before.snapshot.time, how.startedAt)) return;
  const { records, place } = repository;
  const files = [];
  for await (const entry of readEntries(records, made, how)) if (entry.type === 'file') files.push(entry);
  if (before !== undefined) how.replacing?.([before.snapshot.id]);
  const { mark, turn } = made;
  const duplicate = await place.duplicate(made.copy, copy, mark, files, how);
  const id = made.snapshot.id.replace(made.copy.replace('/', '_'), copy.replace('/', '_'));
  const key = newEntriesKey(copy);
  await records.put(key, await records.read(made.entriesKey, undefined, how), how);
  await records.put(
    recordKey(copy),
    toDocument({ copy, mark, turn, entriesKey: key }, { ...made.snapshot, id }, made.facts),
    how,
  );
  if (before !== undefined) await records.delete(before.entriesKey, how);
  await duplicate.clean(how);
}
