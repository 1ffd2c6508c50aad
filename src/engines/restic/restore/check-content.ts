/** Whether all that a restore is to write can be had, found out before it writes anything. */
import { SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import type { RestoredEntry } from '../../../sources/source.ts';
import type { EntriesHow } from '../../engine.ts';
import { keyOf } from '../repository.ts';
import type { ContentHandle } from '../restored-entry.ts';
import type { Available } from './available.ts';

interface LostFile {
  readonly path: string;
  readonly error: SuretyError;
}

/**
 * Tells `onLost` of each file whose content is not all there; without it throws `repository.damaged`, which names the first, and the index
 * files that are `unreadable`.
 */
export async function checkContent(
  batches: Iterable<readonly RestoredEntry[]> | AsyncIterable<readonly RestoredEntry[]>,
  available: Available,
  { onLost }: Pick<EntriesHow, 'onLost'>,
  unreadable: readonly string[],
): Promise<void> {
  let first: LostFile | undefined;
  let count = 0;
  for await (const batch of batches) {
    for (const { path, handle } of batch) {
      const missing = (handle as ContentHandle).find((id) => available.find(id) < 0);
      if (missing === undefined) continue;
      const error = available.explain(missing);
      onLost?.(path, error);
      first ??= { path, error };
      count += 1;
    }
  }
  if (first !== undefined && onLost === undefined) throw incomplete(first, count, unreadable);
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
