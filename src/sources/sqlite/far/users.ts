/** Who has a database open, on its host. */
import { SuretyError } from '../../../base/errors.ts';
import type { FarStat } from '../../far-stat.ts';
import type { About } from '../sqlite-error.ts';

/**
 * A function for scripts: `list_users PATH LOCKS` prints a line `user NAME (process ID)` for each process that has the database or a companion
 * open, or holds a lock on it. Sees what that account may see; only Linux tells. Needs no file: on a full disk nobody would seem to be there.
 */
export const LIST_USERS = `
list_users() {
  ids=$({
    for fd in /proc/[0-9]*/fd/*; do
      for suffix in '' -wal -shm -journal; do
        if [ "$fd" -ef "$1$suffix" ]; then id=\${fd#/proc/}; echo "\${id%%/*}"; fi
      done
    done
    [ -z "$2" ] || grep -e "$2" /proc/locks | sed 's/.* \\([0-9][0-9]*\\) [0-9a-f]*:[0-9a-f]*:[0-9].*/\\1/'
  } 2>/dev/null | sort -un)
  for id in $ids; do
    name=$(tr '\\0' '\\n' <"/proc/$id/cmdline" 2>/dev/null | head -n 1)
    printf 'user %s (process %s)\\n' "\${name##*/}" "$id"
  done
}
`;

/** What a lock on the file looks like in `/proc/locks`; '' when there is no file. */
export function lockPattern(file: FarStat | undefined): string {
  if (file === undefined) return '';
  const { device, inode } = file;
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  const hex = (number: bigint): string => number.toString(16).padStart(2, '0');
  return ` ${hex(major)}:${hex(minor)}:${inode} `;
}

/** Throws `source.locked` when there are any. */
export function expectNoUsers(about: About, users: readonly string[]): void {
  if (users.length === 0) return;
  const message = `database ${about.source} (${about.path}) is in use by ${users.slice(0, 3).join(', ')}`;
  throw new SuretyError('source.locked', message, {
    hint: 'stop what uses it and restore again, or restore to this machine with --target',
    details: { source: about.source, path: about.path },
  });
}
