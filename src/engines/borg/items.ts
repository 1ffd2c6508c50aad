/**
 * The items of an archive with all that borg keeps of them, without content: `borg debug dump-archive` is the one way of borg to be told
 * names of any bytes, times in nanoseconds and attributes. Values that are no UTF-8, or begin with DEL, are DEL and hex digits.
 */
import { constants } from 'node:fs';
import { decodeName } from '../../base/names.ts';
import type { How } from '../engine.ts';
import { textLines } from './messages.ts';
import { archiveArgument } from './naming.ts';
import { damaged, type Repository } from './repository.ts';
import { borgOutput } from './run.ts';

export interface BorgItem {
  readonly path: string;
  /** With the type, as `st_mode` has it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly sizeBytes: number;
  /** Ids of its pieces of content. */
  readonly chunks: readonly string[];
  /** Target of a symlink; of another name of a file, the path that has the content. */
  readonly source: string | undefined;
  /** Whether it has other names that point to it; `unknown` where nothing is said of that. */
  readonly linking: 'yes' | 'no' | 'unknown';
  readonly rdev: bigint | undefined;
  /** Name and value. */
  readonly xattrs: readonly (readonly [string, Uint8Array])[];
  readonly aclAccess: string | undefined;
  readonly aclDefault: string | undefined;
  /** Some of its content was lost, and `borg check --repair` has put zeros there. */
  readonly isBroken: boolean;
}

/** In the order of the archive. Parts of unfinished files are left out. */
export async function* archiveItems(repository: Repository, name: string, how: How): AsyncGenerator<BorgItem> {
  const args = ['debug', 'dump-archive', archiveArgument(name), '-'];
  let lines: string[] | undefined;
  let isInItems = false;
  for await (const line of textLines(borgOutput(repository, args, { ...how, doing: `list of ${name}` }))) {
    how.signal.throwIfAborted();
    if (!isInItems) isInItems = line === '    "_items": [';
    else if (line === '    {') lines = ['{'];
    else if (lines !== undefined && (line === '    }' || line === '    },')) {
      lines.push('}');
      const item = parseItem(lines, name);
      if (item !== undefined) yield item;
      lines = undefined;
    } else lines?.push(line);
  }
}

/** Whole numbers that may be too large for a JavaScript number. */
const LARGE = /^( {8}"(?:mtime|ctime|atime|birthtime|rdev|inode)": )(-?\d+)(,?)$/;

function parseItem(lines: readonly string[], name: string): BorgItem | undefined {
  let raw: RawItem;
  try {
    raw = JSON.parse(lines.map((line) => line.replace(LARGE, '$1"$2"$3')).join('\n'));
  } catch (error) {
    throw damaged(name, 'its list of files can not be read', error);
  }
  if (raw.part !== undefined) return undefined;
  const chunks = raw.chunks ?? [];
  return {
    path: textOf(raw.path),
    mode: raw.mode,
    uid: raw.uid ?? 0,
    gid: raw.gid ?? 0,
    user: textOf(raw.user ?? ''),
    group: textOf(raw.group ?? ''),
    mtimeNs: timeOf(raw.mtime),
    ctimeNs: timeOf(raw.ctime ?? raw.mtime),
    sizeBytes: raw.size ?? chunks.reduce((sum, [, size]) => sum + size, 0),
    chunks: chunks.map(([id]) => bytesOf(id).toString('hex')),
    source: raw.source === undefined ? undefined : textOf(raw.source),
    linking: linkingOf(raw),
    rdev: raw.rdev === undefined ? undefined : BigInt(raw.rdev),
    xattrs: Object.entries(raw.xattrs ?? {}).map(([key, value]) => [textOf(key), bytesOf(value ?? '')] as const),
    aclAccess: raw.acl_access === undefined ? undefined : textOf(raw.acl_access),
    aclDefault: raw.acl_default === undefined ? undefined : textOf(raw.acl_default),
    isBroken: raw.chunks_healthy !== undefined,
  };
}

function linkingOf({ mode, source, hardlink_master: isMaster }: RawItem): BorgItem['linking'] {
  if (source !== undefined || (mode & constants.S_IFMT) !== constants.S_IFREG) return 'no';
  return isMaster === undefined ? 'unknown' : isMaster ? 'yes' : 'no';
}

interface RawItem {
  readonly path: string;
  readonly mode: number;
  readonly uid?: number | null;
  readonly gid?: number | null;
  readonly user?: string | null;
  readonly group?: string | null;
  readonly mtime?: string | number;
  readonly ctime?: string | number;
  readonly size?: number;
  readonly chunks?: readonly (readonly [string, number, number])[];
  readonly source?: string;
  readonly hardlink_master?: boolean;
  readonly rdev?: string | number;
  readonly xattrs?: Readonly<Record<string, string | null>> | null;
  readonly acl_access?: string;
  readonly acl_default?: string;
  readonly chunks_healthy?: unknown;
  readonly part?: number;
}

function bytesOf(text: string): Buffer {
  return text.startsWith('\x7f') ? Buffer.from(text.slice(1), 'hex') : Buffer.from(text, 'utf8');
}

function textOf(text: string): string {
  return text.startsWith('\x7f') ? decodeName(bytesOf(text)) : text;
}

/** Before 1.2 times were kept as bytes, the first the least. */
function timeOf(value: string | number | undefined): bigint {
  if (value === undefined) return 0n;
  if (typeof value === 'number' || /^-?\d+$/.test(value)) return BigInt(value);
  const bytes = [...bytesOf(value)].reverse();
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
