import { BATCH_ENTRIES, type RestoredEntry } from '../sources/source.ts';
import type { How } from './engine.ts';

/** Entries one by one as an engine hands them out: in batches of at most {@link BATCH_ENTRIES}. Throws the reason of the signal. */
export async function* inBatches(
  entries: AsyncIterable<RestoredEntry>,
  { signal }: How,
): AsyncGenerator<readonly RestoredEntry[]> {
  let batch: RestoredEntry[] = [];
  for await (const entry of entries) {
    signal.throwIfAborted();
    batch.push(entry);
    if (batch.length < BATCH_ENTRIES) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
