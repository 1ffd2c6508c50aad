import { temporaryFolder } from '../base/environment.ts';
import { openPrivateFolder, type PrivateFolder } from '../base/private-folder.ts';
import { temporaryFailure } from '../base/temporary-failure.ts';

/** A folder for streams and lists that are too long for memory. Throws as {@link spoolFailure} says. */
export async function openSpoolFolder(): Promise<PrivateFolder> {
  return await openPrivateFolder('archive', temporaryFolder()).catch((error) => {
    throw spoolFailure(error);
  });
}

/** `store.full` or `store.failed` for what the system said of the folder for temporary files; anything else as it is. */
export function spoolFailure(error: unknown): unknown {
  return temporaryFailure(error, { full: 'store.full', failed: 'store.failed' });
}
