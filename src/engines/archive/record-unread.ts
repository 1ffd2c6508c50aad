/** The record of a backup whose source could not even be read. */
import type { Reading } from '../../sources/source.ts';
import type { BackupHow } from '../engine.ts';
import { backup } from './backup.ts';
import type { Repository } from './repository.ts';

/** As if the reading had failed at its first entry. Never throws. The room it would have needed is not looked at. */
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
  const roomy = { ...repository, store: { ...repository.store, freeBytes: async () => Number.POSITIVE_INFINITY } };
  await backup(roomy, reading, how).catch(() => {});
}
