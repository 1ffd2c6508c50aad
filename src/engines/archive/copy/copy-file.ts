/** Copies one stored file byte for byte. */
import { createHash } from 'node:crypto';
import { hasCode } from '../../../base/errors.ts';
import type { Store, Stored } from '../../../stores/store.ts';
import type { How } from '../../engine.ts';
import { damaged } from '../repository.ts';
import type { Algorithm } from '../sidecar.ts';

export interface Expected {
  readonly algorithm: Algorithm;
  readonly checksum: string;
}

export interface CheckedFile {
  readonly from: Store;
  readonly file: Stored;
  /** What the sidecar says of the file; undefined where it says nothing. */
  readonly expected: Expected | undefined;
  readonly onBytes: (sizeBytes: number) => void;
}

export interface CopyFile extends CheckedFile {
  readonly to: Store;
  /** In the other store. */
  readonly key: string;
}

/**
 * Nothing is stored unless size and checksum are those expected: then it throws `repository.damaged`. A whole file that is there already, as a killed copy
 * left it, is taken as it is.
 */
export async function copyFile(copying: CopyFile, { signal }: How): Promise<void> {
  const { file, to, key } = copying;
  const there = await to.stat(key, { signal });
  if (there !== undefined && (await isSame(copying, there, signal))) return;
  if (there !== undefined) await to.delete(key, { signal });
  const open = (how: How) => checkedContent(copying, how.signal);
  for (let attempt = 1; ; attempt++) {
    try {
      return await to.put(key, { sizeBytes: file.sizeBytes, open }, { signal, ifAbsent: true });
    } catch (error) {
      // The first time it may have been the way here.
      if (attempt === 2 || !hasCode(error, 'repository.damaged')) throw error;
    }
  }
}

async function isSame({ to, file, expected }: CopyFile, there: Stored, signal: AbortSignal): Promise<boolean> {
  if (expected === undefined || there.sizeBytes !== file.sizeBytes) return false;
  const hash = createHash(expected.algorithm);
  for await (const chunk of to.stream(there.key, undefined, { signal })) hash.update(chunk);
  return hash.digest('hex') === expected.checksum.toLowerCase();
}

/** The last bytes are handed out when all of them turned out right. */
export async function* checkedContent(
  { from, file, expected, onBytes }: CheckedFile,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hash = expected === undefined ? undefined : createHash(expected.algorithm);
  let held: Uint8Array | undefined;
  let sizeBytes = 0;
  for await (const chunk of from.stream(file.key, undefined, { signal })) {
    hash?.update(chunk);
    sizeBytes += chunk.length;
    if (held !== undefined) yield held;
    // What comes after reads ahead, and the store may use the same memory again.
    held = new Uint8Array(chunk);
    onBytes(chunk.length);
  }
  if (sizeBytes !== file.sizeBytes) throw damaged(file.key, `it has ${sizeBytes} bytes instead of ${file.sizeBytes}`);
  if (hash !== undefined && hash.digest('hex') !== expected!.checksum.toLowerCase()) {
    throw damaged(file.key, 'its checksum is another one than its metadata say');
  }
  if (held !== undefined) yield held;
}
