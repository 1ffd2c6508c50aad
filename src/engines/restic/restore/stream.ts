/** The content of one file in its order, for a source that consumes it itself. */

import { hasCode } from '../../../base/errors.ts';
import type { ContentHow } from '../../../sources/source.ts';
import type { BlobTable } from '../blob-table.ts';
import type { CarefulReader } from '../copies.ts';
import { packKey } from '../pack-key.ts';
import { openBlob } from '../read-blob.ts';
import type { Repository } from '../repository.ts';
import type { ContentHandle } from '../restored-entry.ts';
import type { Available } from './available.ts';

const READ_BYTES = 4 * 1024 * 1024;
const READS_AHEAD = 3;

export interface StreamTools {
  readonly repository: Repository;
  readonly table: BlobTable;
  readonly available: Available;
  readonly careful: CarefulReader;
}

/** Blobs that follow one another in the file and in a pack. */
interface Run {
  readonly entries: readonly number[];
  readonly bytes: Promise<Uint8Array | undefined>;
}

/** Throws the error that names the damaged file of the repository when a part can not be had. */
export async function* streamContent(
  tools: StreamTools,
  ids: ContentHandle,
  how: ContentHow,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const signal = AbortSignal.any([how.signal, left.signal]);
  const ahead: Run[] = [];
  try {
    for (const entries of runsOf(tools, ids)) {
      const bytes = readRun(tools, entries, signal);
      // It may fail before anybody waits for it.
      bytes.catch(() => {});
      ahead.push({ entries, bytes });
      if (ahead.length > READS_AHEAD) yield* open(tools, ahead.shift()!, signal);
    }
    for (const run of ahead) yield* open(tools, run, signal);
  } finally {
    left.abort();
  }
}

function* runsOf({ table, available }: StreamTools, ids: ContentHandle): Generator<readonly number[]> {
  let run: number[] = [];
  for (const id of ids) {
    const entry = available.find(id);
    if (entry < 0) throw available.explain(id);
    if (run.length > 0 && !follows(table, run, entry)) {
      yield run;
      run = [];
    }
    run.push(entry);
  }
  if (run.length > 0) yield run;
}

function follows(table: BlobTable, run: readonly number[], entry: number): boolean {
  const first = run[0]!;
  const last = run[run.length - 1]!;
  if (table.packOf(last) !== table.packOf(entry)) return false;
  if (table.offsetOf(last) + table.lengthOf(last) !== table.offsetOf(entry)) return false;
  return table.offsetOf(entry) + table.lengthOf(entry) - table.offsetOf(first) <= READ_BYTES;
}

/** Undefined when the pack is missing or too short. */
async function readRun(
  { repository, table }: StreamTools,
  entries: readonly number[],
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const first = entries[0]!;
  const last = entries[entries.length - 1]!;
  const offset = table.offsetOf(first);
  const length = table.offsetOf(last) + table.lengthOf(last) - offset;
  const key = packKey(table, table.packOf(first));
  try {
    return await repository.store.read(key, { offset, length }, { signal });
  } catch (error) {
    if (hasCode(error, 'store.not-found', 'store.incomplete')) return undefined;
    throw error;
  }
}

async function* open(tools: StreamTools, run: Run, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { repository, table, careful } = tools;
  const bytes = await run.bytes;
  const offset = table.offsetOf(run.entries[0]!);
  for (const entry of run.entries) {
    signal.throwIfAborted();
    const from = table.offsetOf(entry) - offset;
    const sealed = bytes?.subarray(from, from + table.lengthOf(entry));
    const id = table.idOf(entry);
    const plain = sealed === undefined ? undefined : openBlob(repository.sealer, sealed, table.rawLengthOf(entry), id);
    if (plain !== undefined && typeof plain !== 'string') yield plain;
    else yield await careful.read(entry, { signal });
  }
}
