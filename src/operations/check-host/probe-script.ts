/** What is asked of a host, in one go: a script for `sh`, and what its answer says. */
import { freeSpaceScript } from '../../base/free-space-script.ts';

/** One program that is there. */
export interface FoundTool {
  readonly name: string;
  /** The first line that it says of its version, without its name; '' when it says nothing. */
  readonly version: string;
}

export interface ProbeAnswer {
  readonly user: string;
  readonly system: string;
  /** Whose userland `find`, `tar` and `stat` are; `missing` for what is not there. */
  readonly userland: Readonly<Record<'find' | 'tar' | 'stat', Userland>>;
  /** To the second. */
  readonly clock: Date | undefined;
  readonly temporaryFolder: string;
  readonly freeBytes: number | undefined;
  readonly tools: readonly FoundTool[];
}

export type Userland = 'GNU' | 'busybox' | 'BSD' | 'missing';

const TOOLS = [
  ...['pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'mysqldump', 'mariadb-dump', 'mysql', 'mariadb', 'sqlite3'],
  ...['tar', 'rsync', 'borg', 'restic', 'zstd', 'gzip', 'sha256sum', 'python3'],
] as const;

const USERLAND = ['find', 'tar', 'stat'] as const;

/** Each line is `key value`. */
export const PROBE_SCRIPT = [
  'LC_ALL=C; export LC_ALL',
  'echo "clock $(date -u +%s)"',
  'echo "user $(id -un 2>/dev/null || id -u 2>/dev/null)"',
  'echo "system $(uname -srm 2>/dev/null)"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for the shell
  't=${TMPDIR:-/tmp}; echo "tmp $t"',
  `echo "free $(${freeSpaceScript('"$t"')})"`,
  `for p in ${USERLAND.join(' ')}; do if command -v $p >/dev/null 2>&1; then case $($p --version 2>&1 </dev/null; $p --help 2>&1 </dev/null) in`,
  '*BusyBox*) u=busybox;; *GNU*) u=GNU;; *) u=BSD;; esac; else u=missing; fi; echo "is $p $u"; done',
  `for p in ${TOOLS.join(' ')}; do if command -v $p >/dev/null 2>&1; then`,
  'v=--version; [ $p = restic ] && v=version; echo "has $p $($p $v 2>&1 </dev/null | head -n 1)"; fi; done',
].join('\n');

export function parseProbe(text: string): ProbeAnswer {
  const lines = text.split('\n').map((line) => {
    const [key = '', ...words] = line.split(' ');
    return { key, words };
  });
  const value = (key: string): string => lines.find((line) => line.key === key)?.words.join(' ') ?? '';
  const isOf = (program: string): Userland => {
    const found = lines.find(({ key, words }) => key === 'is' && words[0] === program)?.words[1];
    return found === 'GNU' || found === 'busybox' || found === 'BSD' ? found : 'missing';
  };
  const [clock, freeKiB] = [Number.parseInt(value('clock'), 10), Number.parseInt(value('free'), 10)];
  return {
    user: value('user'),
    system: value('system'),
    userland: { find: isOf('find'), tar: isOf('tar'), stat: isOf('stat') },
    clock: Number.isNaN(clock) ? undefined : new Date(clock * 1000),
    temporaryFolder: value('tmp'),
    freeBytes: Number.isNaN(freeKiB) ? undefined : freeKiB * 1024,
    tools: lines
      .filter(({ key }) => key === 'has')
      .map(({ words: [name = '', ...said] }) => ({ name, version: version(said.join(' ')) })),
  };
}

/** `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0)` → `15.18`; a whole line where no number is in it. */
function version(said: string): string {
  if (/not found|unrecognized|unknown|invalid|illegal|usage/i.test(said)) return '';
  const number = /Distrib (\d+(?:\.\d+)+)/.exec(said)?.[1] ?? /\d+(?:\.\d+)+[\w-]*/.exec(said)?.[0];
  return number ?? said.slice(0, 40);
}
