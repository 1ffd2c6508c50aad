/** Reads the header of a pack without the rest of it. */
import { hasCode } from '../../base/errors.ts';
import type { How } from '../engine.ts';
import { damaged } from './format/damaged.ts';
import { decodePackHeader, HEADER_OVERHEAD, LENGTH_BYTES, type PackEntry, packHeaderLength } from './format/pack.ts';
import { keyOf, type Repository, type RepositoryFile } from './repository.ts';

/** Enough for about 100 blobs: most headers come with the first read. */
const FIRST_READ_BYTES = 4096;

/** The entries of a pack as its own header tells them. Throws `repository.damaged` when it can not be read or does not fit the file. */
export async function readHeader(
  repository: Repository,
  { id, sizeBytes }: RepositoryFile,
  how: How,
): Promise<PackEntry[]> {
  const key = keyOf('data', id);
  if (sizeBytes <= HEADER_OVERHEAD) throw damaged(key, 'it is too short to be a pack');
  const tail = await readTail(repository, key, sizeBytes, Math.min(FIRST_READ_BYTES, sizeBytes), how);
  const length = packHeaderLength(tail.subarray(tail.length - LENGTH_BYTES), sizeBytes, key);
  const needed = length + LENGTH_BYTES;
  const whole = needed <= tail.length ? tail : await readTail(repository, key, sizeBytes, needed, how);
  const sealed = whole.subarray(whole.length - needed, whole.length - LENGTH_BYTES);
  const header = repository.sealer.openInPlace(sealed);
  if (header === undefined) throw damaged(key, 'its header is not authentic');
  return decodePackHeader(header, sizeBytes, key);
}

async function readTail(
  repository: Repository,
  key: string,
  sizeBytes: number,
  length: number,
  how: How,
): Promise<Uint8Array> {
  try {
    return await repository.store.read(key, { offset: sizeBytes - length, length }, how);
  } catch (error) {
    if (hasCode(error, 'store.incomplete')) throw damaged(key, 'it is shorter than listed', error);
    throw error;
  }
}
