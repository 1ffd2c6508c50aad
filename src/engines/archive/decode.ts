/** The content of a stored file. */
import { hasCode, messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import type { Stored } from '../../stores/store.ts';
import type { How } from '../engine.ts';
import { decrypt, fetchIdentities } from './age.ts';
import { baseName, encodingOf } from './naming.ts';
import { damaged, type Repository } from './repository.ts';
import { type Chunks, decompress } from './through.ts';

/** Decrypts and decompresses, as the name of the file says. */
export async function decode(repository: Repository, key: string, chunks: Chunks, how: How): Promise<Chunks> {
  const { compression, encrypted } = encodingOf(baseName(key));
  const compressed = encrypted ? decrypt(chunks, await fetchIdentities(repository, how), key) : chunks;
  return decompress(compressed, compression);
}

export async function streamContent(repository: Repository, { key }: Stored, how: How): Promise<Chunks> {
  return await decode(repository, key, repository.store.stream(key, undefined, how), how);
}

const PASSED_ON = ['repository.damaged', 'repository.no-identity', 'repository.wrong-identity'];

/** What went wrong while content was decoded: damage of this file, unless it is the store or the run. */
export function decodeError(error: unknown, key: string, { signal }: How): unknown {
  if (signal.aborted) return signal.reason;
  if (hasCode(error, ...PASSED_ON) || (error instanceof SuretyError && error.code.startsWith('store.'))) return error;
  const code = systemCode(error) ?? '';
  if (/^E[A-Z]+$/.test(code)) return error;
  return damaged(key, messageOf(error).replace(/^the tar archive is damaged: /, ''), error);
}
