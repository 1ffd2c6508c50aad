/** Takes over what another copy has, under other names of the same files. */
import type { Reach } from '../../../reach/reach.ts';
import type { Entry } from '../../../sources/source.ts';
import type { How } from '../../engine.ts';
import { command, pathList } from './commands.ts';

/** Paths come three at a time: what is taken over, and of the directory it is in the mode and the time, which come back. */
const TAKE_OVER = `from=$1 to=$2; shift 2
while [ $# -gt 0 ]; do
  above=$(dirname -- "$1"; echo .); above=\${above%??}
  chmod u+rwx -- "$to/$above" || exit
  cp -a --link -- "$from/$1" "$to/$1" || cp -a -- "$from/$1" "$to/$1" || exit
  chmod "$2" -- "$to/$above" && touch -c -d "$3" -- "$to/$above" || exit
  shift 3
done`;
const AT_ONCE = 3 * 100;

/** `entries` are those of the copy that is made in `to`; its files and directories are there. */
export async function keepIn(
  reach: Reach,
  { from, to }: { readonly from: string; readonly to: string },
  tops: readonly Pick<Entry, 'path'>[],
  entries: readonly Entry[],
  how: How,
): Promise<void> {
  const dirs = new Map(entries.flatMap((entry) => (entry.type === 'dir' ? [[entry.path, entry]] : [])));
  function* words(): Generator<string> {
    for (const { path } of tops) {
      const dir = dirs.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      yield* [`./${path}`, (dir?.mode ?? 0o755).toString(8), dir === undefined ? 'now' : `@${seconds(dir.mtimeNs)}`];
    }
  }
  const argv = ['xargs', '-0', '-n', String(AT_ONCE), 'sh', '-c', TAKE_OVER, 'sh', from, to];
  const doing = `keep in ${to} what could not be read`;
  await command(reach, argv, { signal: how.signal, doing, stdin: pathList(words()) });
}

/** As `date` and `touch` of GNU read it. */
function seconds(timeNs: bigint): string {
  const whole = timeNs / 1_000_000_000n - (timeNs % 1_000_000_000n < 0n ? 1n : 0n);
  return `${whole}.${String(timeNs - whole * 1_000_000_000n).padStart(9, '0')}`;
}
