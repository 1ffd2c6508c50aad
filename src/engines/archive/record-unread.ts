/** The record of a backup whose source could not even be read. */
import type { Reading } from '../../sources/source.ts';
import type { BackupHow } from '../engine.ts';
import { backup } from './backup.ts';
import type { Repository } from './repository.ts';

/** As if the reading had failed at its first entry. Never throws. */
export async function recordUnread(
  repository: Repository,
  error: Error,
  how: BackupHow & { readonly host: string },
): Promise<void> {
  const fail = async (): Promise<never> => {
    throw error;
  };
  const reading: Reading = {
    host: how.host,
    paths: [],
    // biome-ignore lint/correctness/useYield: it throws before there is anything to yield
    async *entries() {
      throw error;
    },
    xattrs: fail,
    content: () => [],
    finish: fail,
    async [Symbol.asyncDispose]() {},
  };
  await backup(repository, reading, how).catch(() => {});
}
