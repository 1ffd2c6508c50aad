/** Reads packs that were just stored and compares them with what was sent: their names are the hashes of that. */
import { hasCode, SuretyError } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import { idOfKey, type Repository, readChecked } from '../repository.ts';

const AT_ONCE = 4;

/**
 * Returns how many bytes were read. Throws `copy.not-as-sent` for a pack that did not arrive; it is taken away, so that the next copy sends it
 * again.
 */
export async function readBack(
  repository: Repository,
  keys: readonly string[],
  signal: AbortSignal,
  onBytes: (sizeBytes: number) => void,
): Promise<number> {
  let sizeBytes = 0;
  await eachConcurrently(keys, AT_ONCE, signal, async (key, inner) => {
    try {
      const bytes = await readChecked(repository.store, 'data', idOfKey(key), { signal: inner });
      sizeBytes += bytes.length;
    } catch (error) {
      if (!hasCode(error, 'repository.damaged', 'store.not-found')) throw error;
      await repository.store.delete(key, { signal: inner });
      throw notAsSent(key, repository, error);
    }
    onBytes(sizeBytes);
  });
  return sizeBytes;
}

function notAsSent(key: string, { store }: Repository, cause: SuretyError): SuretyError {
  return new SuretyError('copy.not-as-sent', `${key} in ${store.traits.location} is not what was sent there`, {
    hint: 'run the copy again: it is sent once more; if that fails too, do not trust this store',
    cause,
    details: { key },
  });
}
