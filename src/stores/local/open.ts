import { statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { checkKey, checkPrefix, RESERVED_PART } from '../key.ts';
import type { Body, How, PutHow, Range, Store, Stored } from '../store.ts';
import { openDeleter } from './delete.ts';
import { localFailure } from './failure.ts';
import { listFiles, statOrGone } from './list.ts';
import type { LocalStoreOptions } from './options.ts';
import { putFile } from './put.ts';
import { isAbsence, readFileRange, streamFileRange } from './read.ts';
import { removeEmptyFolders } from './remove-folders.ts';
import { createRoot, openRoot, type Root } from './root.ts';
import { removeAbandoned } from './unfinished.ts';

/** File systems without hard links, by their `statfs` type: FAT and exFAT. */
const WITHOUT_LINKS = new Set([0x4d44, 0x2011bab0]);

/**
 * A folder of this machine as a store: each key is a file of that name below it. Unfinished files are in `tmp/`, which is
 * made when needed and cleared of what dead processes left there.
 *
 * Opening does not fail when the folder is missing; every later call but one for an invalid key does, with `store.not-found`.
 */
export async function openLocalStore(options: LocalStoreOptions): Promise<Store> {
  const root = openRoot(options.path);
  if (options.create === true) await translated('make the folder', root, undefined, () => createRoot(root.path));
  await removeAbandoned(join(root.path, RESERVED_PART));
  const conditionalPut = await hasLinks(root.path);
  const deleter = openDeleter(root);

  return {
    traits: { kind: 'local', location: root.path, connections: 4, conditionalPut, remote: false },

    put: (key: string, body: Body, how: PutHow) => keyed('write', key, root, how, () => put(root, key, body, how)),

    read: (key: string, range: Range | undefined, how: How) =>
      keyed('read', key, root, how, () => readFileRange(root, key, range, how)),

    async *stream(key: string, range: Range | undefined, how: How): AsyncGenerator<Uint8Array> {
      begin(key, how);
      yield* translatedEach(`read ${key}`, root, how, streamFileRange(root, key, range, how));
    },

    stat: (key: string, how: How) => keyed('look at', key, root, how, () => statFile(root, key)),

    async *list(prefix: string, how: How): AsyncGenerator<Stored> {
      checkPrefix(prefix);
      how.signal.throwIfAborted();
      yield* translatedEach(`list ${prefix === '' ? 'all files' : prefix}`, root, how, listFiles(root, prefix, how));
    },

    delete: (key: string, how: How) => keyed('delete', key, root, how, () => deleter.delete(key)),

    freeBytes: (how: How) => translated('look for free space', root, how, () => freeBytes(root.path)),

    trials: { destroy: (prefix: string, how: How) => destroy(root, prefix, how) },

    [Symbol.asyncDispose]: () => translated('delete files', root, undefined, () => deleter.settle()),
  };
}

async function put(root: Root, key: string, body: Body, how: PutHow): Promise<void> {
  await root.require();
  try {
    await putFile(root, key, body, how);
  } catch (error) {
    if (isAbsence(error)) root.forgetFolders();
    throw error;
  }
}

async function statFile(root: Root, key: string): Promise<Stored | undefined> {
  const found = await statOrGone(join(root.path, key));
  if (found?.isFile() === true) return { key, sizeBytes: found.size, modifiedAt: found.mtime };
  await root.require();
  return undefined;
}

/** What is deleted leaves its folders, for a trial they are removed too. */
async function destroy(root: Root, prefix: string, how: How): Promise<number> {
  checkPrefix(prefix);
  const action = `remove ${prefix}`;
  for await (const path of listFiles(root, prefix, how)) {
    await translated(action, root, how, () => unlink(join(root.path, path.key)));
  }
  if (prefix !== '') await translated(action, root, how, () => removeEmptyFolders(join(root.path, prefix)));
  return 0;
}

async function hasLinks(path: string): Promise<boolean> {
  try {
    return !WITHOUT_LINKS.has((await statfs(path)).type);
  } catch {
    return true;
  }
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

function begin(key: string, how: How): void {
  checkKey(key);
  how.signal.throwIfAborted();
}

async function keyed<T>(verb: string, key: string, root: Root, how: How, call: () => Promise<T>): Promise<T> {
  begin(key, how);
  return translated(`${verb} ${key}`, root, how, call);
}

async function translated<T>(action: string, root: Root, how: How | undefined, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (how?.signal.aborted === true) throw how.signal.reason;
    throw await localFailure(error, action, root.path);
  }
}

async function* translatedEach<T>(action: string, root: Root, how: How, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw await localFailure(error, action, root.path);
  }
}
