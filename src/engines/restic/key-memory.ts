/**
 * The key file that opened a repository the last time, kept on this machine: the key is made from the password before the store is even
 * asked. The file holds what everybody who can read the repository can read.
 */
import { hash } from 'node:crypto';
import { rememberedFile } from '../../base/remembered-file.ts';
import { deriveKey } from './derive-key.ts';
import { decodeKey, type KeyDocument } from './format/key.ts';
import type { MasterKey } from './seal.ts';

/** Some seconds. What takes longer, and can not be given up, waits until the store has such a key. */
const MAX_WORK_AHEAD = 2 ** 22;

export interface KeyMemory {
  /** What may fit, until the store says that it is still there. */
  readonly known: RememberedKey | undefined;
  /** Keeps the bytes of a key file that fits. Where it can not be kept, the next one to open the repository tries all. */
  keep(file: Uint8Array): void;
}

export interface RememberedKey {
  /** Id of the key file. */
  readonly id: string;
  readonly document: KeyDocument;
  /** What the password stands for in this key file; is being made. */
  readonly derived: Promise<MasterKey>;
}

/** Looks in `folder` for the key of the repository at `location`, and begins to make it from the password: that takes another thread 80 ms. */
export function openKeyMemory(folder: string, location: string, password: string): KeyMemory {
  const file = rememberedFile(folder, location);
  const known = begin(file.read(), password);
  return {
    known,
    keep: (bytes) => void file.write(bytes),
  };
}

function begin(bytes: Uint8Array | undefined, password: string): RememberedKey | undefined {
  if (bytes === undefined) return undefined;
  try {
    const document = decodeKey(bytes, 'remembered key');
    const { N, r, p } = document.cost;
    if (N * r * p > MAX_WORK_AHEAD) return undefined;
    const derived = deriveKey(password, document.salt, document.cost);
    // Told where it is needed, which may be never.
    derived.catch(() => {});
    // Node's own, as the faster one is not loaded yet.
    return { id: hash('sha256', bytes, 'hex'), document, derived };
  } catch {
    return undefined;
  }
}
