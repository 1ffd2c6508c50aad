/** Whether all that a restore is to write can be had, found out before it writes anything. */
import { SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import type { RestoredEntry } from '../../../sources/source.ts';
import type { EntriesHow, Snapshot } from '../../engine.ts';
import { entriesOf } from '../entries.ts';
import { keyOf } from '../repository.ts';
import type { ContentHandle } from '../restored-entry.ts';
import type { TreeReader } from '../tree-reader.ts';
import type { Available } from './available.ts';

interface LostFile {
  readonly path: string;
  readonly error: SuretyError;
}

export type Batches = readonly (readonly RestoredEntry[])[];

/** So many entries are kept from the check for who writes them; more are read once more. */
const KEPT_ENTRIES = 20_000;

/**
 * Tells `onLost` of each file whose content is not all there; without it throws `repository.damaged`, which names the first, and the index
 * files that are `unreadable`. Resolves to all entries, or to undefined where they are many.
 */
export async function checkContent(
  trees: TreeReader,
  available: Available,
  snapshot: Snapshot,
  how: EntriesHow,
  unreadable: readonly string[],
): Promise<Batches | undefined> {
  let first: LostFile | undefined;
  let count = 0;
  let entryCount = 0;
  const kept: (readonly RestoredEntry[])[] = [];
  for await (const batch of entriesOf(trees, snapshot, how)) {
    entryCount += batch.length;
    if (entryCount <= KEPT_ENTRIES) kept.push(batch);
    else kept.length = 0;
    for (const { path, handle } of batch) {
      const missing = (handle as ContentHandle).find((id) => available.find(id) < 0);
      if (missing === undefined) continue;
      const error = available.explain(missing);
      how.onLost?.(path, error);
      first ??= { path, error };
      count += 1;
    }
  }
  if (first !== undefined && how.onLost === undefined) throw incomplete(first, count, unreadable);
  return entryCount <= KEPT_ENTRIES ? kept : undefined;
}

function incomplete({ path, error }: LostFile, count: number, unreadable: readonly string[]): SuretyError {
  const more = count === 1 ? '' : ` and ${count - 1} more files`;
  const index = unreadable.map((id) => `; ${keyOf('index', id)} can not be read`).join('');
  return new SuretyError(
    'repository.damaged',
    `the content of ${displayName(path)}${more} is not all there: ${error.message}${index}`,
    {
      hint:
        unreadable.length > 0
          ? 'make the index anew'
          : 'run surety verify to see what else is affected; what is there can be restored to another place',
      cause: error,
      details: { ...error.details, files: count },
    },
  );
}
