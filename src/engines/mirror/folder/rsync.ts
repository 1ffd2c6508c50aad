/** Has `rsync` carry a tree: from this machine, from a host to here, or from here to a host. */
import { SuretyError } from '../../../base/errors.ts';
import type { Reach, RemoteShell } from '../../../reach/reach.ts';
import type { Entry, ReadingTree, Warning } from '../../../sources/source.ts';
import { command, failure, pathList, start } from './commands.ts';
import { listenTo, shownPath } from './rsync-words.ts';

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
  /** Paths of entries that are not there, and were warned of. */
  readonly leftOut: readonly string[];
  /** Of these, the paths of those that are in the source and could not be read. */
  readonly unread: readonly string[];
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
    ...['rsync', '-aHAX', '--numeric-ids', '--sparse', '--secluded-args', '--timeout=600'],
    ...['--out-format=%i %l', '--outbuf=L'],
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
  const child = start(how.local, [...TOGETHER, ...argv], { ...running, env: shell?.env });
  const words = listenTo(entries, from.path);
  let written = 0;
  for await (const line of latinLines(child.stdout)) {
    if (!ITEM.test(line)) words.hear(line);
    else if (/^[<>]f/.test(line)) written += Number(line.slice(line.lastIndexOf(' ') + 1));
    how.progress(written);
  }
  const exit = await child.exit;
  how.signal.throwIfAborted();
  if (shell !== undefined && (exit.code === NOT_THERE || NO_RSYNC.test(words.tail()))) {
    throw new SuretyError('repository.no-rsync', `rsync can not be used on ${shell.destination}`, {
      hint: 'install it there; no file that the shell reads at login may print anything',
    });
  }
  const { leftOut, unread } = words;
  if (exit.error === undefined && exit.code === 0) return { writtenBytes: written, leftOut: [], unread: [] };
  const isPartial = exit.error === undefined && (exit.code === VANISHED || exit.code === PARTIAL);
  if (!isPartial || !words.areUnderstood) throw failure(argv, doing, words.tail(), exit);
  for (const warning of words.warnings) how.warn(warning);
  return { writtenBytes: written, leftOut, unread };
}

/** What it says of files may be much: it comes with the list of what it does, a line at a time. */
const TOGETHER = ['sh', '-c', 'exec "$0" "$@" 2>&1'];
/** A line of that list. */
const ITEM = /^(?:[<>ch.][fdLDS].{9}) +\d+$/;

async function* latinLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** From a list, `rsync` leaves out what begins with `#` or `;`, but not behind a slash, which it drops. */
function namesOf(entries: readonly Entry[]): string[] {
  return entries.map(({ path }) => `/${path}`);
}

/** Compares some files with their source by their contents. Returns the paths of those that differ. */
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
  return lines.flatMap((line) =>
    /^[<>]f.*c/.test(line.slice(0, 4)) ? [shownPath(line.slice(line.indexOf(' ') + 1))] : [],
  );
}

function shown({ shell, path }: RsyncPlace): string {
  return shell === undefined ? `${path}/` : `${shell.destination}:${path}/`;
}

/** `rsync -e` takes words apart at blanks, and knows quotation marks. */
function quoted(word: string): string {
  return /^[^\s'"]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`;
}
