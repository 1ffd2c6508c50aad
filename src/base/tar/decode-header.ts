/** From a header block, and what extended headers said before it, to an entry. */
import { SuretyError } from '../errors.ts';
import { damagedTar, dialectOf, readNumber, readText, typeOf } from './header-block.ts';
import { decodeNumber, decodeText, decodeTime, type PaxRecords, XATTR_PREFIX, xattrName } from './pax.ts';
import { sparseFacts } from './sparse.ts';
import type { TarEntry, TarType, TarXattr } from './tar-entry.ts';

const TYPES: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'chardev',
  '4': 'dev',
  '5': 'dir',
  '6': 'fifo',
  '7': 'file',
};

export function decodeHeader(block: Buffer, records: PaxRecords): TarEntry {
  const flag = typeOf(block);
  const sparse = sparseFacts(records);
  if (sparse === false) throw unsupported('a sparse file in an old format');
  const known = TYPES[flag];
  if (known === undefined) throw unsupported(`a member of type ${JSON.stringify(flag)}`);
  const dialect = dialectOf(block);
  const raw = sparse?.name ?? nameOf(block, dialect, records);
  const name = raw.replace(/\/+$/, '');
  // Before there was a type for directories, a slash at the end meant one.
  const type = known === 'file' && raw.endsWith('/') ? 'dir' : known;
  return {
    ...{ name, type },
    mode: readNumber(block, 'mode') & 0o7777,
    uid: numberOf(block, 'uid', records),
    gid: numberOf(block, 'gid', records),
    user: textOf(records.get('uname') ?? (dialect === 'v7' ? undefined : readText(block, 'user'))),
    group: textOf(records.get('gname') ?? (dialect === 'v7' ? undefined : readText(block, 'group'))),
    mtimeNs: timeOf(block, records),
    sizeBytes: type === 'file' ? (sparse?.sizeBytes ?? storedBytes(block, records)) : 0,
    ...linkOf(block, type, records),
    ...deviceOf(block, type),
    xattrs: xattrsOf(records),
  };
}

function unsupported(what: string): SuretyError {
  return new SuretyError('tar.unsupported', `the tar archive has ${what}, which can not be read`, {
    hint: 'GNU tar extracts it',
  });
}

function nameOf(block: Buffer, dialect: ReturnType<typeof dialectOf>, records: PaxRecords): string {
  const path = records.get('path');
  if (path !== undefined) return decodeText(path);
  const name = readText(block, 'name');
  const prefix = dialect === 'ustar' ? readText(block, 'prefix') : Buffer.alloc(0);
  return decodeText(prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]));
}

function textOf(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : decodeText(bytes);
}

function numberOf(block: Buffer, field: 'uid' | 'gid', records: PaxRecords): number {
  const value = records.get(field);
  return value === undefined ? readNumber(block, field) : decodeNumber(value);
}

/** Bytes of content in the archive. */
export function storedBytes(block: Buffer, records: PaxRecords): number {
  const value = records.get('size');
  const sizeBytes = value === undefined ? readNumber(block, 'size') : decodeNumber(value);
  if (sizeBytes < 0 || !Number.isSafeInteger(sizeBytes)) throw damagedTar('a header has a size that is none');
  return sizeBytes;
}

function timeOf(block: Buffer, records: PaxRecords): bigint {
  const value = records.get('mtime');
  return value === undefined ? BigInt(readNumber(block, 'mtime')) * 1_000_000_000n : decodeTime(value);
}

function linkOf(block: Buffer, type: TarType, records: PaxRecords): Pick<TarEntry, 'linkTarget'> {
  if (type !== 'symlink' && type !== 'hardlink') return {};
  return { linkTarget: decodeText(records.get('linkpath') ?? readText(block, 'linkName')) };
}

function deviceOf(block: Buffer, type: TarType): Pick<TarEntry, 'device'> {
  if (type !== 'chardev' && type !== 'dev') return {};
  return { device: { major: readNumber(block, 'devMajor'), minor: readNumber(block, 'devMinor') } };
}

function xattrsOf(records: PaxRecords): TarXattr[] {
  const xattrs: TarXattr[] = [];
  for (const [key, value] of records) {
    if (key.startsWith(XATTR_PREFIX)) xattrs.push({ name: xattrName(key), value });
  }
  return xattrs;
}
