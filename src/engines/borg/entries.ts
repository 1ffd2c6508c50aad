/** Entries of a snapshot: what borg keeps of its items, and what Surety wrote beside where that is more. */
import { constants } from 'node:fs';
import { comparePaths, displayName } from '../../base/names.ts';
import type { EntryType, RestoredEntry, Xattr } from '../../sources/source.ts';
import type { How } from '../engine.ts';
import { fromRecord } from '../entry-record.ts';
import { aclValue } from './acl.ts';
import type { ArchiveDocument } from './document.ts';
import type { ContentHandle, DocumentRecord } from './held-entry.ts';
import { archiveItems, type BorgItem } from './items.ts';
import { damaged, type Repository } from './repository.ts';

/** All entries, in name order. Takes the document to its end. */
export async function* allEntries(
  repository: Repository,
  name: string,
  document: ArchiveDocument | undefined,
  how: How,
): AsyncGenerator<RestoredEntry> {
  const items = itemEntries(repository, name, document, how);
  if (document === undefined) yield* await inOrder(items);
  else yield* merged(items, document);
}

/** Items as entries, in the order of the archive; those that have another path here under that. */
async function* itemEntries(
  repository: Repository,
  name: string,
  document: ArchiveDocument | undefined,
  how: How,
): AsyncGenerator<RestoredEntry> {
  const paths = new Map(Object.entries(document?.head.stored_as ?? {}).map(([own, stored]) => [stored, own]));
  const masters = new Map<string, RestoredEntry>();
  let ordinal = 0;
  let offset = 0;
  for await (const item of archiveItems(repository, name, how)) {
    const stored = checkedPath(item.path, name);
    const isDocument = stored === document?.path;
    const entry = isDocument ? undefined : toEntry(item, stored, { ordinal, offset, masters, name });
    ordinal += 1;
    offset += item.sizeBytes;
    if (entry === undefined) continue;
    if (item.linking !== 'no') masters.set(stored, entry);
    const own = paths.get(stored);
    yield own === undefined ? entry : { ...entry, path: own };
  }
}

/** Both are in name order. */
async function* merged(
  items: AsyncGenerator<RestoredEntry>,
  { records }: ArchiveDocument,
): AsyncGenerator<RestoredEntry> {
  try {
    let next = await records.next();
    for await (const entry of items) {
      while (next.done !== true && comparePaths(next.value.path, entry.path) < 0) {
        yield fromRecord(next.value, { handle: undefined });
        next = await records.next();
      }
      if (next.done !== true && next.value.path === entry.path) {
        yield completed(entry, next.value);
        next = await records.next();
      } else yield entry;
    }
    for (; next.done !== true; next = await records.next()) yield fromRecord(next.value, { handle: undefined });
  } finally {
    await records.return(undefined);
    await items.return(undefined);
  }
}

/** The content as borg has it, the rest as the source told it. */
function completed(entry: RestoredEntry, record: DocumentRecord): RestoredEntry {
  const { inode, device, sizeBytes, ctimeNs, handle } = entry;
  return {
    ...fromRecord(record, { handle }),
    inode,
    links: record.linked === true ? 2 : 1,
    device,
    sizeBytes,
    ctimeNs,
  };
}

const TYPES: ReadonlyMap<number, EntryType> = new Map([
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'dir'],
  [constants.S_IFLNK, 'symlink'],
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFCHR, 'chardev'],
  [constants.S_IFBLK, 'dev'],
]);

interface ItemHow {
  readonly ordinal: number;
  readonly offset: number;
  readonly masters: ReadonlyMap<string, RestoredEntry>;
  readonly name: string;
}

function toEntry(item: BorgItem, path: string, how: ItemHow): RestoredEntry | undefined {
  const type = TYPES.get(item.mode & constants.S_IFMT);
  if (type === undefined || path === '') return undefined;
  const { uid, gid, user, group, mtimeNs, ctimeNs, sizeBytes, isBroken } = item;
  const facts = { path, type, mode: item.mode & 0o7777, uid, gid, user, group, mtimeNs, ctimeNs, device: 0n };
  const xattrs = xattrsOf(item);
  if (type !== 'file') {
    const target = type === 'symlink' && { linkTarget: item.source ?? '' };
    const number = item.rdev !== undefined && { deviceNumber: item.rdev };
    return { ...facts, ...target, ...number, sizeBytes: 0, inode: 0n, links: 1, xattrs, handle: undefined };
  }
  if (item.source === undefined) {
    const handle: ContentHandle = { path, ordinal: how.ordinal, sizeBytes, offset: how.offset, isBroken };
    const inode = BigInt(how.ordinal + 1);
    return { ...facts, sizeBytes, inode, links: item.linking === 'no' ? 1 : 2, xattrs, handle };
  }
  const first = how.masters.get(checkedPath(item.source, how.name));
  if (first === undefined) {
    throw damaged(how.name, `it has a link to ${displayName(item.source)}, which is no file in it`);
  }
  return { ...facts, sizeBytes: first.sizeBytes, inode: first.inode, links: 2, xattrs, handle: first.handle };
}

function xattrsOf({ xattrs, aclAccess, aclDefault }: BorgItem): Xattr[] {
  const all: Xattr[] = xattrs.map(([name, value]) => ({ name, value }));
  const add = (name: string, text: string | undefined) => {
    const value = text === undefined ? undefined : aclValue(text);
    if (value !== undefined) all.push({ name, value });
  };
  add('system.posix_acl_access', aclAccess);
  add('system.posix_acl_default', aclDefault);
  return all.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Throws `repository.damaged` for a path that leads out of the archive: who writes such has something in mind. */
function checkedPath(path: string, name: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw damaged(name, `it has a file that would be outside of where it is restored: ${displayName(path)}`);
  }
  return parts.join('/');
}

/** borg itself writes in the order of inodes, and without the directories above. Holds all entries in memory. */
async function inOrder(all: AsyncGenerator<RestoredEntry>): Promise<RestoredEntry[]> {
  const byPath = new Map<string, RestoredEntry>();
  for await (const entry of all) byPath.set(entry.path, entry);
  for (const entry of [...byPath.values()]) {
    for (let above = parentOf(entry.path); above !== '' && !byPath.has(above); above = parentOf(above)) {
      byPath.set(above, missingDirectory(above, entry));
    }
  }
  return [...byPath.values()].sort((left, right) => comparePaths(left.path, right.path));
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Of the owner and time of what is in it. */
function missingDirectory(path: string, { uid, gid, user, group, mtimeNs }: RestoredEntry): RestoredEntry {
  const facts = { path, type: 'dir' as const, mode: 0o755, uid, gid, user, group, mtimeNs, ctimeNs: mtimeNs };
  return { ...facts, sizeBytes: 0, inode: 0n, device: 0n, links: 1, xattrs: [], handle: undefined };
}
