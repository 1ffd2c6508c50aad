import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../base/environment.ts';
import { temporaryFailure } from '../../base/temporary-failure.ts';

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

/** A temporary folder that only this user can enter; it goes when it is disposed of. Throws as {@link spoolFailure} says. */
export async function openPrivateFolder(): Promise<PrivateFolder> {
  const path = await mkdtemp(join(temporaryFolder(), 'surety-archive-')).catch((error) => {
    throw spoolFailure(error);
  });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** `store.full` or `store.failed` for what the system said of the folder for temporary files; anything else as it is. */
export function spoolFailure(error: unknown): unknown {
  return temporaryFailure(error, { full: 'store.full', failed: 'store.failed' });
}
