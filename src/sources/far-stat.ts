/** Metadata of files on another host, as its own `stat` tells it. */
import { SuretyError } from '../base/errors.ts';
import type { Entry } from './source.ts';

/**
 * A function for scripts: `stat_line PATH` prints one line for {@link parseStat}; links are followed, and what is not there is `-`. Only GNU's
 * and BSD's programs know fractions of seconds. Names come last: those of groups can have spaces in them, but none has a colon.
 */
export const STAT_LINE = `
stat_kind=bsd
stat -L -c %f / >/dev/null 2>&1 && stat_kind=gnu
stat_line() {
  if [ $stat_kind = gnu ]; then stat -L -c '%f %u %g %.9Y %.9Z %s %i %d %h %U:%G' -- "$1" 2>/dev/null
  else stat -L -f '%Xp %u %g %Fm %Fc %z %i %d %l %Su:%Sg' "$1" 2>/dev/null; fi || printf '%s\\n' -
}
`;

/** Links are followed, so there are none. */
export interface FarStat extends Omit<Entry, 'path' | 'type' | 'linkTarget' | 'deviceNumber'> {
  readonly type: 'file' | 'dir' | 'other';
}

const LINE = /^([0-9a-f]+) (\d+) (\d+) (\S+) (\S+) (\d+) (\d+) (\d+) (\d+) ([^:]*):(.*)$/i;

/** Undefined for what is not there, or can not be seen. Throws `source.failed` for what `stat_line` does not print. */
export function parseStat(line: string): FarStat | undefined {
  if (line === '-') return undefined;
  const found = LINE.exec(line);
  if (found === null) {
    throw new SuretyError('source.failed', `stat of that host printed ${JSON.stringify(line.slice(0, 200))}`, {
      hint: 'a stat of GNU, busybox or BSD is needed there',
    });
  }
  const [, mode = '', uid, gid, mtime = '', ctime = '', size, inode = '', device = '', links, user = '', group = ''] =
    found;
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
