/**
 * A node: one entry of a tree. Written with the same bytes as restic's (field order, omitted fields, escapes), so that equal
 * directories have equal ids whichever program saved them; read whatever the order of its fields.
 */
import { decodeName, encodeName } from '../../../base/names.ts';
import type { Entry, EntryType, Xattr } from '../../../sources/source.ts';
import { goString } from './go-string.ts';
import { isId } from './id.ts';
import { entryType, goMode, permissions } from './mode.ts';
import { quote, unquote } from './quote.ts';
import { formatTime, parseTime } from './time.ts';

export interface Node {
  /** As `base/names.ts` decodes it. */
  readonly name: string;
  /** Undefined for a kind of file that no program can restore (`irregular`), or one newer than this program. */
  readonly type: EntryType | undefined;
  /** Permission bits: 0o7777. */
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly inode: bigint;
  /** The file system it was on; 0 when it was not recorded, which is the rule for files with one link. */
  readonly deviceId: bigint;
  readonly sizeBytes: number;
  readonly links: number;
  readonly linkTarget: string | undefined;
  /** Of a device node: its number. */
  readonly deviceNumber: bigint;
  readonly xattrs: readonly Xattr[];
  /** Ids of the data blobs of a file, in order. */
  readonly content: readonly string[];
  /** Id of the tree of a directory. */
  readonly subtree: string | undefined;
}

export interface NodeExtras {
  /** Of a file: ids of its data blobs, in order. */
  readonly content?: readonly string[] | undefined;
  /** Of a directory: the id of its tree. */
  readonly subtree?: string | undefined;
  readonly xattrs?: readonly Xattr[] | undefined;
  /** Bytes really read, where the entry's size was not known or did not hold. */
  readonly sizeBytes?: number | undefined;
}

const PLAIN_NAME = /^[ !#-%'-;=?-[\]-~]*$/;

/** The JSON text of the node for `entry`; its name is the last part of the path. */
export function encodeNode(entry: Entry, extras: NodeExtras): string {
  const { type } = entry;
  let text = encodeNodeHead(entry, extras.sizeBytes ?? entry.sizeBytes);
  if (extras.xattrs !== undefined && extras.xattrs.length > 0) text += encodeXattrs(extras.xattrs);
  if (entry.deviceNumber) text += `,"device":${entry.deviceNumber}`;
  text += type === 'file' ? encodeContent(extras.content ?? []) : ',"content":null';
  if (extras.subtree !== undefined) text += `,"subtree":"${extras.subtree}"`;
  return flat(`${text}}`);
}

/** The beginning of a node's text: all that a walk sees of an entry, up to what has to be read from it. */
export function encodeNodeHead(entry: Entry, sizeBytes: number): string {
  const { type } = entry;
  const mtime = formatTime(entry.mtimeNs);
  const mode = goMode(type, entry.mode);
  let text = `{"name":${encodeNodeName(entry.path.slice(entry.path.lastIndexOf('/') + 1))},"type":"${type}"`;
  if (mode !== 0) text += `,"mode":${mode}`;
  text += `,"mtime":"${mtime}","atime":"${mtime}","ctime":"${formatTime(entry.ctimeNs)}","uid":${entry.uid},"gid":${entry.gid}`;
  if (entry.user !== '') text += `,"user":${goString(entry.user)}`;
  if (entry.group !== '') text += `,"group":${goString(entry.group)}`;
  if (entry.inode !== 0n) text += `,"inode":${entry.inode}`;
  if (entry.links > 1 && type !== 'dir' && entry.device !== 0n) text += `,"device_id":${entry.device}`;
  if (type === 'file' && sizeBytes > 0) text += `,"size":${sizeBytes}`;
  if (hasLinks(type) && entry.links > 0) text += `,"links":${entry.links}`;
  return entry.linkTarget ? text + encodeLinkTarget(entry.linkTarget) : text;
}

/**
 * A text put together of many is kept as a tree of its parts until it is looked at, and takes several times the memory. Directories keep
 * the texts of all their nodes for a while; the test looks at this one.
 */
function flat(text: string): string {
  return text.startsWith('{') ? text : '';
}

/** restic counts links only of files, links and devices. */
function hasLinks(type: EntryType): boolean {
  return type === 'file' || type === 'symlink' || type === 'dev' || type === 'chardev';
}

function encodeNodeName(name: string): string {
  return PLAIN_NAME.test(name) ? `"${name}"` : goString(quote(name));
}

function encodeContent(content: readonly string[]): string {
  return content.length === 0 ? ',"content":[]' : `,"content":["${content.join('","')}"]`;
}

/** JSON holds only valid UTF-8, so a target of other bytes is added in base64. */
function encodeLinkTarget(target: string): string {
  const text = `,"linktarget":${goString(target)}`;
  return target.isWellFormed() ? text : `${text},"linktarget_raw":"${encodeName(target).toString('base64')}"`;
}

function encodeXattrs(xattrs: readonly Xattr[]): string {
  const each = xattrs.map(({ name, value }) => {
    const base64 = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    return `{"name":${goString(name)},"value":"${base64}"}`;
  });
  return `,"extended_attributes":[${each.join(',')}]`;
}

type Raw = Readonly<Record<string, unknown>>;

/** The node that a parsed JSON value is; a text says what is wrong with it. */
export function decodeNode(value: unknown): Node | string {
  if (typeof value !== 'object' || value === null) return 'a node is not an object';
  const raw = value as Raw;
  const name = typeof raw.name === 'string' ? unquote(raw.name.toWellFormed()) : undefined;
  if (name === undefined) return `the name ${JSON.stringify(raw.name)} can not be read`;
  const mtimeNs = timeOf(raw.mtime);
  const ctimeNs = raw.ctime === raw.mtime ? mtimeNs : timeOf(raw.ctime);
  if (mtimeNs === undefined || ctimeNs === undefined) return `${JSON.stringify(name)} has no valid times`;
  const content = raw.content ?? NO_CONTENT;
  if (!Array.isArray(content) || !content.every(isId))
    return `the content of ${JSON.stringify(name)} is not a list of ids`;
  const subtree = raw.subtree ?? undefined;
  if (subtree !== undefined && !isId(subtree)) return `the subtree of ${JSON.stringify(name)} is not an id`;
  const xattrs = raw.extended_attributes == null ? NO_XATTRS : xattrsOf(raw.extended_attributes);
  if (xattrs === undefined) return `the extended attributes of ${JSON.stringify(name)} can not be read`;
  return {
    name,
    type: entryType(textOf(raw.type)),
    mode: permissions(numberOf(raw.mode)),
    mtimeNs,
    ctimeNs,
    uid: numberOf(raw.uid),
    gid: numberOf(raw.gid),
    user: textOf(raw.user),
    group: textOf(raw.group),
    inode: bigOf(raw.inode),
    deviceId: bigOf(raw.device_id),
    sizeBytes: numberOf(raw.size),
    links: numberOf(raw.links),
    linkTarget: linkTargetOf(raw),
    deviceNumber: bigOf(raw.device),
    xattrs,
    content,
    subtree,
  };
}

const NO_CONTENT: readonly string[] = [];
const NO_XATTRS: readonly Xattr[] = [];

function timeOf(value: unknown): bigint | undefined {
  return typeof value === 'string' ? parseTime(value) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.toWellFormed() : '';
}

/** Numbers of 16 and more digits arrive as texts, see `tree.ts`. */
function numberOf(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && number >= 0 && Number.isFinite(number) ? number : 0;
}

function bigOf(value: unknown): bigint {
  if (value === undefined) return 0n;
  if (typeof value === 'string') return /^\d+$/.test(value) ? BigInt(value) : 0n;
  return BigInt(Math.trunc(numberOf(value)));
}

function linkTargetOf(raw: Raw): string | undefined {
  const bytes = raw.linktarget_raw;
  if (typeof bytes === 'string' && bytes !== '') return decodeName(Buffer.from(bytes, 'base64'));
  return typeof raw.linktarget === 'string' ? raw.linktarget.toWellFormed() : undefined;
}

function xattrsOf(value: unknown): readonly Xattr[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const xattrs: Xattr[] = [];
  for (const one of value as readonly unknown[]) {
    if (typeof one !== 'object' || one === null || !('name' in one) || typeof one.name !== 'string') return undefined;
    const bytes = 'value' in one && typeof one.value === 'string' ? Buffer.from(one.value, 'base64') : new Uint8Array();
    xattrs.push({ name: one.name, value: bytes });
  }
  return xattrs;
}
