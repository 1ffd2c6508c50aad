import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../base/environment.ts';

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

/** A temporary folder that only this user can enter; it goes when it is disposed of. */
export async function openPrivateFolder(): Promise<PrivateFolder> {
  const path = await mkdtemp(join(temporaryFolder(), 'surety-archive-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
