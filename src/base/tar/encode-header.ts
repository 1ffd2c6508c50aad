/** Headers as POSIX.1-2001 has them: a ustar block, and an extended header in front of it where that is not enough. */
import { encodeName } from '../names.ts';
import { FIELDS, fitsOctal, type NumberField, newBlock, seal, writeNumber, writeText } from './header-block.ts';
import { encodeRecords, encodeTime, xattrKey } from './pax.ts';
import { BLOCK_BYTES, paddingBytes, type TarEntry, type TarType } from './tar-entry.ts';

const TYPES: Readonly<Record<TarType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  chardev: '3',
  dev: '4',
  dir: '5',
  fifo: '6',
};

/** The two blocks of zeros that end an archive. */
export const TAR_END_BYTES = 2 * BLOCK_BYTES;

/** `gnu`: long names in headers of their own, for readers that know no extended headers; what else these would say is left out. */
export type TarDialect = 'pax' | 'gnu';

/** Everything in front of the content of a member: one block or more. */
export function encodeTarHeader(entry: TarEntry, dialect: TarDialect = 'pax'): Buffer {
  const records = new Map<string, Buffer>();
  const block = newBlock(TYPES[entry.type]);
  putName(block, entry, records);
  putLink(block, entry, records);
  putAccount(block, 'user', 'uname', entry.user, records);
  putAccount(block, 'group', 'gname', entry.group, records);
  writeNumber(block, 'mode', entry.mode & 0o7777);
  putNumber(block, 'uid', entry.uid, records);
  putNumber(block, 'gid', entry.gid, records);
  putNumber(block, 'size', entry.type === 'file' ? entry.sizeBytes : 0, records);
  putTime(block, entry.mtimeNs, records);
  writeNumber(block, 'devMajor', entry.device?.major ?? 0);
  writeNumber(block, 'devMinor', entry.device?.minor ?? 0);
  for (const { name, value } of entry.xattrs) records.set(xattrKey(name), Buffer.from(value));
  seal(block);
  if (dialect === 'gnu')
    return Buffer.concat([longHeader('L', records.get('path')), longHeader('K', records.get('linkpath')), block]);
  return records.size === 0 ? block : Buffer.concat([extendedHeader(records), block]);
}

function putName(block: Buffer, entry: TarEntry, records: Map<string, Buffer>): void {
  const name = encodeName(entry.type === 'dir' ? `${entry.name}/` : entry.name);
  const [, room] = FIELDS.name;
  if (name.length <= room) {
    writeText(block, 'name', name);
    return;
  }
  const slash = splitAt(name);
  if (slash > 0) {
    writeText(block, 'prefix', name.subarray(0, slash));
    writeText(block, 'name', name.subarray(slash + 1));
    return;
  }
  writeText(block, 'name', name);
  records.set('path', name);
}

/** Where a name that is too long for its field can be cut in two, or -1. */
function splitAt(name: Buffer): number {
  const [, prefixRoom] = FIELDS.prefix;
  const [, nameRoom] = FIELDS.name;
  const slash = name.lastIndexOf(0x2f, Math.min(prefixRoom, name.length - 2));
  return slash > 0 && name.length - slash - 1 <= nameRoom ? slash : -1;
}

function putLink(block: Buffer, { linkTarget }: TarEntry, records: Map<string, Buffer>): void {
  if (linkTarget === undefined) return;
  const bytes = encodeName(linkTarget);
  writeText(block, 'linkName', bytes);
  if (bytes.length > FIELDS.linkName[1]) records.set('linkpath', bytes);
}

function putAccount(
  block: Buffer,
  field: 'user' | 'group',
  key: string,
  name: string,
  records: Map<string, Buffer>,
): void {
  const bytes = encodeName(name);
  // The field ends with a zero.
  if (bytes.length < FIELDS[field][1]) writeText(block, field, bytes);
  else records.set(key, bytes);
}

function putNumber(block: Buffer, field: NumberField, value: number, records: Map<string, Buffer>): void {
  writeNumber(block, field, value);
  if (!fitsOctal(field, value)) records.set(field, Buffer.from(String(value)));
}

function putTime(block: Buffer, mtimeNs: bigint, records: Map<string, Buffer>): void {
  const seconds = Number(mtimeNs / 1_000_000_000n);
  const fits = fitsOctal('mtime', seconds) && mtimeNs >= 0n;
  writeNumber(block, 'mtime', fits ? seconds : 0);
  if (!fits || mtimeNs % 1_000_000_000n !== 0n) records.set('mtime', Buffer.from(encodeTime(mtimeNs)));
}

function longHeader(type: 'L' | 'K', name: Buffer | undefined): Buffer {
  if (name === undefined) return Buffer.alloc(0);
  const block = newBlock(type);
  writeText(block, 'name', Buffer.from('././@LongLink'));
  for (const field of ['mode', 'uid', 'gid', 'mtime'] as const) writeNumber(block, field, 0);
  writeNumber(block, 'size', name.length + 1);
  // A zero ends the name, and there is always one more.
  return Buffer.concat([seal(block), name, Buffer.alloc(1 + paddingBytes(name.length + 1))]);
}

function extendedHeader(records: ReadonlyMap<string, Buffer>): Buffer {
  const content = encodeRecords(records);
  const block = newBlock('x');
  writeText(block, 'name', Buffer.from('PaxHeaders'));
  writeNumber(block, 'mode', 0o644);
  for (const field of ['uid', 'gid', 'mtime'] as const) writeNumber(block, field, 0);
  writeNumber(block, 'size', content.length);
  return Buffer.concat([seal(block), content, Buffer.alloc(paddingBytes(content.length))]);
}
