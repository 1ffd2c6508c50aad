/** What changed between a snapshot and what is there now, by names, sizes and times: nothing is read for it. */
import { comparePaths } from '../../base/names.ts';
import type { Entry } from '../../sources/source.ts';

export interface Changes {
  readonly files: number;
  readonly sizeBytes: number;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesGone: number;
}

/** Both in the order of {@link import('../../sources/source.ts').Reading.entries}. */
export async function compareEntries(
  before: AsyncIterable<readonly Entry[]>,
  now: AsyncIterable<readonly Entry[]>,
): Promise<Changes> {
  const changes = { files: 0, sizeBytes: 0, filesNew: 0, filesChanged: 0, filesGone: 0 };
  const old = filesOf(before);
  let known = await old.next();
  for await (const file of filesOf(now)) {
    while (known.done !== true && comparePaths(known.value.path, file.path) < 0) {
      changes.filesGone += 1;
      known = await old.next();
    }
    changes.files += 1;
    changes.sizeBytes += Math.max(0, file.sizeBytes);
    if (known.done === true || known.value.path !== file.path) {
      changes.filesNew += 1;
      continue;
    }
    if (known.value.sizeBytes !== file.sizeBytes || known.value.mtimeNs !== file.mtimeNs) changes.filesChanged += 1;
    known = await old.next();
  }
  for (; known.done !== true; known = await old.next()) changes.filesGone += 1;
  return changes;
}

async function* filesOf(batches: AsyncIterable<readonly Entry[]>): AsyncGenerator<Entry> {
  for await (const batch of batches) for (const entry of batch) if (entry.type === 'file') yield entry;
}
