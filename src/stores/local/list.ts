import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { isKey } from '../key.ts';
import type { How, Stored } from '../store.ts';
import { isAbsence } from './read.ts';
import type { Root } from './root.ts';

const STATS_AT_ONCE = 64;

/**
 * All keys under a prefix, folder by folder. What is deleted meanwhile may be left out; anything else that can not be read throws, and
 * so does a root that is gone at the end: an unmounted disk looks like deleted files.
 */
export async function* listFiles(root: Root, prefix: string, how: How): AsyncGenerator<Stored> {
  await root.require();
  const folders: string[] = [];
  const top = prefix.replace(/\/$/, '');
  if (top === '') folders.push('');
  else {
    const found = await statOrGone(join(root.path, top));
    if (found?.isDirectory() === true) folders.push(top);
    else if (found?.isFile() === true && !prefix.endsWith('/')) yield stored(top, found);
  }
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    yield* listFolder(root, folder, folders, how);
  }
  await root.require();
}

/** Yields the files of one folder and adds its folders to `folders`. */
async function* listFolder(root: Root, folder: string, folders: string[], how: How): AsyncGenerator<Stored> {
  const keys = (await namesOrGone(join(root.path, folder)))
    .map((name) => (folder === '' ? name : `${folder}/${name}`))
    .filter(isKey);
  for (let at = 0; at < keys.length; at += STATS_AT_ONCE) {
    how.signal.throwIfAborted();
    const group = keys.slice(at, at + STATS_AT_ONCE);
    const stats = await Promise.all(group.map((key) => statOrGone(join(root.path, key))));
    for (const [index, found] of stats.entries()) {
      if (found?.isDirectory() === true) folders.push(group[index]!);
      else if (found?.isFile() === true) yield stored(group[index]!, found);
    }
  }
}

function stored(key: string, found: Stats): Stored {
  return { key, sizeBytes: found.size, modifiedAt: found.mtime };
}

async function namesOrGone(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined when there is nothing of this name. A link that leads nowhere (to a disk that is not mounted) throws. */
export async function statOrGone(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
    if (await isLink(path)) throw error;
    return undefined;
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}
