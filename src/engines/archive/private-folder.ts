import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../base/environment.ts';
import { SuretyError, systemCode } from '../../base/errors.ts';

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

/** A temporary folder that only this user can enter; it goes when it is disposed of. Throws as {@link temporaryFailure} says. */
export async function openPrivateFolder(): Promise<PrivateFolder> {
  const path = await mkdtemp(join(temporaryFolder(), 'surety-archive-')).catch((error) => {
    throw temporaryFailure(error);
  });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** `store.full` or `store.failed` for what the system said of the folder for temporary files; anything else as it is. */
export function temporaryFailure(error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const folder = temporaryFolder();
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SuretyError('store.full', `the folder for temporary files, ${folder}, is full`, {
      hint: 'make room there, or set TMPDIR to a folder that has room for the largest dump of the source',
      cause: error,
    });
  }
  return new SuretyError('store.failed', `the folder for temporary files, ${folder}, can not be used: ${code}`, {
    hint: 'set TMPDIR to a folder that can be written',
    cause: error,
  });
}
