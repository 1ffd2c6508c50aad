/** Metadata of files on another host, as its own `stat` tells it. */
import type { Entry } from './source.ts';

/**
 * A function for scripts: `stat_line PATH` prints one line for {@link parseStat}; links are followed, and what is not there is `-`. Only GNU's
 * and BSD's programs know fractions of seconds.
 */
export const STAT_LINE = `
stat_line() {
  stat -L -c '%f %u %g %U %G %.9Y %.9Z %s %i %d %h' -- "$1" 2>/dev/null ||
    stat -L -f '%Xp %u %g %Su %Sg %Fm %Fc %z %i %d %l' "$1" 2>/dev/null || printf '%s\\n' -
}
`;

export interface FarStat {
  readonly type: 'file' | 'dir' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** '' when unknown. */
  readonly user: string;
  readonly group: string;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly sizeBytes: number;
  readonly inode: bigint;
  readonly device: bigint;
  readonly links: number;
}

const FIELDS = 11;

/** Undefined for what is not there, or can not be seen. */
export function parseStat(line: string): FarStat | undefined {
  const fields = line.split(' ');
  if (fields.length !== FIELDS) return undefined;
  const [
    mode = '0',
    uid,
    gid,
    user = '',
    group = '',
    mtime = '0',
    ctime = '0',
    size,
    inode = '0',
    device = '0',
    links,
  ] = fields;
  const bits = Number.parseInt(mode, 16);
  return {
    type: typeOf(bits),
    mode: bits & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    user: nameOf(user),
    group: nameOf(group),
    mtimeNs: nanoseconds(mtime),
    ctimeNs: nanoseconds(ctime),
    sizeBytes: Number(size),
    inode: BigInt(inode),
    device: BigInt(device),
    links: Number(links),
  };
}

function typeOf(mode: number): FarStat['type'] {
  const kind = mode & 0o170000;
  return kind === 0o100000 ? 'file' : kind === 0o040000 ? 'dir' : 'other';
}

/** What `stat` prints for an id without a name. */
function nameOf(text: string): string {
  return text === 'UNKNOWN' || /^\d+$/.test(text) ? '' : text;
}

function nanoseconds(text: string): bigint {
  const [whole = '0', part = ''] = text.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(part.slice(0, 9).padEnd(9, '0'));
}

/** The entry for it. */
export function farEntry(path: string, stat: FarStat): Entry {
  const { type, sizeBytes, ...rest } = stat;
  return { ...rest, path, type: type === 'dir' ? 'dir' : 'file', sizeBytes: type === 'file' ? sizeBytes : 0 };
}
