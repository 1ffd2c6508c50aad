import type { BigIntStats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SuretyError, systemCode } from '../../base/errors.ts';
import { makeFolders } from '../../base/folders.ts';

/** The folder of a store. It tells a missing file from a missing disk. */
export interface Root {
  readonly path: string;
  /** Fails when the folder is missing, or is another one than when it was first looked at (its disk was unmounted). */
  require(): Promise<void>;
  /** Makes the folders between the root and `folder`, durably. Never makes the root. */
  makeFolder(folder: string): Promise<void>;
  /** Forgets which folders exist; for when one turned out to be gone. */
  forgetFolders(): void;
}

export function openRoot(path: string): Root {
  let seen: { readonly dev: bigint; readonly ino: bigint } | undefined;
  const made = new Set<string>([path]);

  async function require(): Promise<void> {
    const found = await statRoot(path);
    seen ??= { dev: found.dev, ino: found.ino };
    if (found.dev === seen.dev && found.ino === seen.ino) return;
    throw new SuretyError('store.unavailable', `folder ${path} is not the one that was opened`, {
      hint: 'its disk was probably unmounted or replaced: mount it and run again',
    });
  }

  async function makeFolder(folder: string): Promise<void> {
    if (made.has(folder)) return;
    const parent = dirname(folder);
    await makeFolder(parent);
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    // Also when another process made it: only its own fsync would promise that the folder survives a power cut.
    await syncFolder(parent);
    made.add(folder);
  }

  return {
    path,
    require,
    makeFolder,
    forgetFolders() {
      made.clear();
      made.add(path);
    },
  };
}

async function statRoot(path: string): Promise<BigIntStats> {
  try {
    const found = await stat(path, { bigint: true });
    if (found.isDirectory()) return found;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new SuretyError('store.not-found', `folder ${path} does not exist`, {
      hint: 'if it is on another disk, mount it; a new repository is made by surety init',
      cause: error,
    });
  }
  throw new SuretyError('store.not-found', `${path} is not a folder`);
}

/** Makes the root and what is missing above it. */
export async function createRoot(path: string): Promise<void> {
  const topmost = makeFolders(path, 0o700);
  if (topmost === undefined) return;
  for (let folder = path; folder !== dirname(topmost); folder = dirname(folder)) await syncFolder(dirname(folder));
}

/** Makes the entries of a folder durable. File systems that know no such thing answer EINVAL or ENOTSUP; that is as durable as they get. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
