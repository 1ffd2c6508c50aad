/** Has `rsync` carry a tree: from this machine, from a host to here, or from here to a host. */
import { messageOf, SuretyError } from '../../../base/errors.ts';
import type { Reach, RemoteShell } from '../../../reach/reach.ts';
import type { Entry, ReadingTree, Warning } from '../../../sources/source.ts';
import { command, failure, pathList, start } from './commands.ts';

/** A folder as `rsync` is told of it. */
export interface RsyncPlace {
  /** Undefined: on this machine. */
  readonly shell: RemoteShell | undefined;
  readonly path: string;
}

export interface RsyncHow {
  /** This machine. */
  readonly local: Reach;
  readonly signal: AbortSignal;
  /** Undefined: as fast as it goes. */
  readonly bytesPerSecond: number | undefined;
  readonly warn: (warning: Warning) => void;
  readonly progress: (writtenBytes: number) => void;
  /** What has the same size and time is compared too. */
  readonly byContent?: boolean;
}

/**
 * The folder below which all entries stand by their paths. Undefined where there is no such, or where a link leads to what is
 * stored as a folder, which a copy by name would not follow.
 */
export function commonBase(tree: ReadingTree, entries: readonly Entry[]): string | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  const place = tree.locate(first.path);
  if (place === undefined || !place.endsWith(`/${first.path}`)) return undefined;
  const base = place.slice(0, -first.path.length - 1);
  return entries.every(({ path }) => tree.locate(path) === `${base}/${path}`) ? base : undefined;
}

/** Whether `rsync` is to be had. */
export async function hasRsync(local: Reach, signal: AbortSignal): Promise<boolean> {
  return await command(local, ['rsync', '--version'], { signal, doing: 'look for rsync' }).then(
    () => true,
    (error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof SuretyError) return false;
      throw error;
    },
  );
}

/** Some files vanished before they were read: the rest is there. */
const VANISHED = 24;
/** Some could not be carried: what and why is in what it said. */
const PARTIAL = 23;

export interface Carried {
  /** Of content. */
  readonly writtenBytes: number;
  /** So many entries are not there, and were warned of. */
  readonly leftOut: number;
}

/** What `rsync` ends with where there is none on the other host. */
const NOT_THERE = 127;
/** Words of shells, where `rsync` does not wait for how they end, and of `rsync` about shells that print something before it. */
const NO_RSYNC = /\brsync: (command )?not found|unknown command:? rsync|is your shell clean/i;

/** Carries entries from `from` to `to`. What is the same in `base`, below which it has the same path, is linked from there. Throws `repository.no-rsync` where it can not be used on the other host. */
export async function carry(
  entries: readonly Entry[],
  { from, to, base }: { readonly from: RsyncPlace; readonly to: RsyncPlace; readonly base: string | undefined },
  how: RsyncHow,
): Promise<Carried> {
  const shell = from.shell ?? to.shell;
  const limit = how.bytesPerSecond === undefined ? [] : [`--bwlimit=${Math.max(1, how.bytesPerSecond / 1024)}K`];
  const argv = [
    ...['rsync', '-aHAX', '--numeric-ids', '--secluded-args', '--timeout=600', '--out-format=%i %l'],
    ...['--from0', '--files-from=-', '--no-implied-dirs'],
    // By nanoseconds: what is written twice in one second would be taken for the same.
    '--modify-window=-1',
    ...(how.byContent === true ? ['--checksum'] : []),
    ...(base === undefined ? [] : [`--link-dest=${base}`]),
    ...limit,
    ...(shell === undefined ? [] : ['-e', shell.argv.map(quoted).join(' ')]),
    ...['--', shown(from), shown(to)],
  ];
  const doing = `copy ${entries.length} entries from ${shown(from)} to ${shown(to)}`;
  const running = { signal: how.signal, doing, stdin: pathList(namesOf(entries)) };
  const child = start(how.local, argv, { ...running, env: shell?.env });
  let written = 0;
  let rest = '';
  for await (const chunk of child.stdout) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (/^[<>]f/.test(line)) written += Number(line.slice(line.lastIndexOf(' ') + 1));
    }
    how.progress(written);
  }
  const exit = await child.exit;
  how.signal.throwIfAborted();
  if (shell !== undefined && (exit.code === NOT_THERE || NO_RSYNC.test(child.stderr()))) {
    throw new SuretyError('repository.no-rsync', `rsync can not be used on ${shell.destination}`, {
      hint: 'install it there; no file that the shell reads at login may print anything',
    });
  }
  if (exit.error !== undefined || exit.code === null || ![0, VANISHED, PARTIAL].includes(exit.code)) {
    throw failure(argv, doing, child.stderr(), exit);
  }
  const fail = () => failure(argv, doing, child.stderr(), exit);
  return { writtenBytes: written, leftOut: exit.code === 0 ? 0 : tellPartial(child.stderr(), fail, how.warn) };
}

/** From a list, `rsync` leaves out what begins with `#` or `;`, but not behind a slash, which it drops. */
function namesOf(entries: readonly Entry[]): string[] {
  return entries.map(({ path }) => `/${path}`);
}

/** Compares some files with their source by their contents. Returns those that differ, as `rsync` shows names. */
export async function compareFiles(
  entries: readonly Entry[],
  { from, to }: { readonly from: RsyncPlace; readonly to: RsyncPlace },
  how: RsyncHow,
): Promise<string[]> {
  if (entries.length === 0) return [];
  const shell = from.shell ?? to.shell;
  const argv = [
    ...['rsync', '-aHAX', '--numeric-ids', '--secluded-args', '--timeout=600', '--dry-run', '--checksum'],
    ...['--out-format=%i %n', '--from0', '--files-from=-', '--no-implied-dirs'],
    ...(shell === undefined ? [] : ['-e', shell.argv.map(quoted).join(' ')]),
    ...['--', shown(from), shown(to)],
  ];
  const doing = `compare files in ${shown(to)} with their source`;
  const stdin = pathList(namesOf(entries));
  const fine = [0, VANISHED, PARTIAL];
  const said = await command(how.local, argv, { signal: how.signal, doing, stdin, env: shell?.env, fine });
  const lines = Buffer.from(said).toString('latin1').split('\n');
  return lines.flatMap((line) => (/^[<>]f.*c/.test(line.slice(0, 4)) ? [line.slice(line.indexOf(' ') + 1)] : []));
}

/** A file that may not be read is left out and warned of, as everywhere; anything else is a failure. Returns how many. */
function tellPartial(stderr: string, fail: () => SuretyError, warn: RsyncHow['warn']): number {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^rsync (error|warning):/.test(line));
  const leftOut =
    /(send_files failed to open|opendir|readlink_stat|link_stat|change_dir) "(.*?)".*(Permission denied|No such file)/;
  const all = lines.map((line) => leftOut.exec(line) ?? /^(file) has vanished: "(.*)"/.exec(line));
  if (all.length === 0 || all.includes(null)) throw fail();
  for (const [index, match] of all.entries()) {
    const path = match?.[2] ?? '';
    const code = match?.[3] === 'Permission denied' ? 'entry.unreadable' : 'entry.vanished';
    warn({ code, path, message: messageOf(new Error(lines[index])) });
  }
  return all.length;
}

function shown({ shell, path }: RsyncPlace): string {
  return shell === undefined ? `${path}/` : `${shell.destination}:${path}/`;
}

/** `rsync -e` takes words apart at blanks, and knows quotation marks. */
function quoted(word: string): string {
  return /^[^\s'"]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`;
}
