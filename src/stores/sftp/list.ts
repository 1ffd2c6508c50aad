import { isKey } from '../key.ts';
import type { How, Stored } from '../store.ts';
import { untilAborted } from './pipeline.ts';
import {
  type Attributes,
  closeHandle,
  isFile,
  isFolder,
  isPlain,
  lstatPath,
  type Named,
  openFolder,
  readFolder,
  statPath,
} from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';
import { hasStatus, STATUS, StatusError } from './wire.ts';

const FOLDERS_AT_ONCE = 64;
/** Requests for names of one folder under way at once, after the first two: most folders need no more. */
const NAMES_AHEAD = 8;

/**
 * All keys under a prefix, many folders at once. What is deleted meanwhile may be left out; anything else that can not be read throws, and
 * so does a root that is gone at the end: an unmounted disk looks like deleted files.
 */
export async function* listFiles(session: Session, root: Root, prefix: string, how: How): AsyncGenerator<Stored> {
  const within = <T>(promise: Promise<T>): Promise<T> => untilAborted(promise, how.signal);
  await within(root.require(session));
  const top = prefix.replace(/\/$/, '');
  const folders: string[] = [];
  if (top === '') folders.push('');
  else {
    const found = await within(statOrGone(session, root, root.at(top)));
    if (found !== undefined && isFolder(found)) folders.push(top);
    else if (found !== undefined && isFile(found) && !prefix.endsWith('/')) yield stored(top, found);
  }
  const coming: Promise<Folder>[] = [];
  while (folders.length > 0 || coming.length > 0) {
    while (folders.length > 0 && coming.length < FOLDERS_AT_ONCE) {
      const folder = listFolder(session, root, folders.pop()!);
      folder.catch(() => undefined);
      coming.push(folder);
    }
    const next = await within(coming.shift()!);
    for (const folder of next.folders) folders.push(folder);
    yield* next.files;
  }
  await within(root.require(session));
}

interface Folder {
  readonly files: readonly Stored[];
  readonly folders: readonly string[];
}

async function listFolder(session: Session, root: Root, folder: string): Promise<Folder> {
  const files: Stored[] = [];
  const folders: string[] = [];
  for (const { name, attributes } of await namesOrGone(session, root, root.at(folder))) {
    const key = folder === '' ? name : `${folder}/${name}`;
    if (!isKey(key)) continue;
    const found = isPlain(attributes) ? attributes : await statOrGone(session, root, root.at(key));
    if (found === undefined) continue;
    if (isFolder(found)) folders.push(key);
    else if (isFile(found)) files.push(stored(key, found));
  }
  return { files, folders };
}

function stored(key: string, { sizeBytes, modifiedAt }: Attributes): Stored {
  return { key, sizeBytes, modifiedAt };
}

/** Names and attributes of all that is in a folder; none when there is no such folder. */
export async function namesOrGone(session: Session, root: Root, path: string): Promise<Named[]> {
  let handle: Buffer;
  try {
    handle = await openFolder(session, path);
  } catch (error) {
    if (await root.isAbsence(session, path, error)) return [];
    throw error;
  }
  try {
    return await allNames(session, handle);
  } finally {
    void closeHandle(session, handle).catch(() => undefined);
  }
}

async function allNames(session: Session, handle: Buffer): Promise<Named[]> {
  const names: Named[] = [];
  for (let ahead = 2; ; ahead = NAMES_AHEAD) {
    const answers = await Promise.all(Array.from({ length: ahead }, () => readFolder(session, handle)));
    for (const answer of answers) for (const named of answer ?? []) names.push(named);
    if (answers.includes(undefined)) return names;
  }
}

/** Undefined when there is nothing of this name. A link that leads nowhere (to a disk that is not mounted) throws. */
export async function statOrGone(session: Session, root: Root, path: string): Promise<Attributes | undefined> {
  try {
    const found = await statPath(session, path);
    if (found !== undefined) return found;
    const itself = await lstatPath(session, path);
    // What is no link came between the two questions.
    if (itself === undefined || isPlain(itself)) return itself;
  } catch (error) {
    if (await root.isAbsence(session, path, error)) return undefined;
    throw error;
  }
  throw new StatusError(STATUS.failure, 'a link leads nowhere');
}

/** Whether something is there, a link that leads nowhere included. */
export async function exists(session: Session, path: string): Promise<boolean> {
  try {
    return (await lstatPath(session, path)) !== undefined;
  } catch (error) {
    if (hasStatus(error, 'failure')) return false;
    throw error;
  }
}
