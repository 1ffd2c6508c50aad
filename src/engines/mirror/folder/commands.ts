/** Runs the small programs with which a folder is changed where it is. */
import { messageOf, SuretyError } from '../../../base/errors.ts';
import { decodeName, encodeName } from '../../../base/names.ts';
import { collectBytes } from '../../../base/streams.ts';
import type { Exit, Process, Reach } from '../../../reach/reach.ts';
import type { RestoredEntry } from '../../../sources/source.ts';
import type { How } from '../../engine.ts';
import type { Measured, MeasureHow } from '../place.ts';

export interface CommandHow extends How {
  /** What it is for: `make folder /srv/copy`. */
  readonly doing: string;
  readonly cwd?: string | undefined;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Exit codes that are no failure. */
  readonly fine?: readonly number[];
}

/** Waits for the end of a program. Throws `repository.failed` unless its exit code is 0. */
export async function command(reach: Reach, argv: readonly string[], how: CommandHow): Promise<Uint8Array> {
  const child = start(reach, argv, how);
  const output = await collectBytes(child.stdout);
  await ended(child, argv, how);
  return output;
}

export function start(reach: Reach, argv: readonly string[], how: CommandHow): Process {
  const { signal, cwd, stdin, env } = how;
  return reach.exec(argv, { signal, cwd, ...(stdin && { stdin }), env: { ...env, LC_ALL: 'C' } });
}

/** Throws unless the program ended well. */
export async function ended(child: Process, argv: readonly string[], how: CommandHow): Promise<Exit> {
  const exit = await child.exit;
  how.signal.throwIfAborted();
  if (exit.error === undefined && exit.code !== null && (how.fine ?? [0]).includes(exit.code)) return exit;
  throw failure(argv, how.doing, child.stderr(), exit);
}

const SHOWN_LINES = 3;

export const FULL_HINT = 'free space where the mirror is: nothing of the copy that is there was changed';

export function failure([program = '']: readonly string[], doing: string, stderr: string, exit: Exit): SuretyError {
  const said = stderr.trim().split('\n').slice(-SHOWN_LINES).join(' / ');
  const noSpace = /No space left|Disk quota exceeded/i.test(stderr);
  const how = exit.error === undefined ? `ended with exit code ${exit.code ?? exit.signal}` : messageOf(exit.error);
  const hint = noSpace ? FULL_HINT : undefined;
  return new SuretyError(
    noSpace ? 'store.full' : 'repository.failed',
    `${doing}: ${program} ${how}${said === '' ? '' : `: ${said}`}`,
    {
      cause: exit.error,
      hint: hint ?? (exit.error instanceof SuretyError ? exit.error.hint : undefined),
      retry: !noSpace && isBrokenLine(program, exit) ? 'later' : 'never',
    },
  );
}

/** Exit codes of `rsync` for a connection that broke off, or on which nothing came, and that of `ssh`. */
const BROKEN_LINE = [10, 12, 30, 35, 255];

function isBrokenLine(program: string, { code, error }: Exit): boolean {
  if (error instanceof SuretyError) return error.retry === 'later';
  return program === 'rsync' && code !== null && BROKEN_LINE.includes(code);
}

/** Paths as programs take them from a list: each with a NUL behind it. */
export async function* pathList(paths: Iterable<string>): AsyncGenerator<Uint8Array> {
  let parts: Buffer[] = [];
  for (const path of paths) {
    parts.push(encodeName(path), NUL);
    if (parts.length < LIST_PARTS) continue;
    yield Buffer.concat(parts);
    parts = [];
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

const NUL = Buffer.from([0]);
const LIST_PARTS = 2048;

const HASH_HEX = 64;

/** Size, and hash where it is asked for, of files below a folder; undefined where one is not to be read. In order. */
export async function* measureFiles(
  reach: Reach,
  folder: string,
  files: readonly Pick<RestoredEntry, 'path'>[],
  how: MeasureHow,
): AsyncGenerator<Measured | undefined> {
  const names = files.map(({ path }) => `./${path}`);
  const sizes = await perFile(reach, ['stat', '--printf', '%s %n\\0'], folder, names, how);
  const hashes = how.hash ? await perFile(reach, ['sha256sum', '-z', '-b'], folder, names, how) : undefined;
  for (const name of names) {
    const sizeBytes = Number(sizes.get(name));
    const sha256 = hashes?.get(name)?.slice(0, HASH_HEX);
    yield Number.isNaN(sizeBytes) || (hashes !== undefined && sha256 === undefined) ? undefined : { sizeBytes, sha256 };
  }
}

/** What a program says of each file, by the file's name. Of what can not be read it says nothing. */
async function perFile(
  reach: Reach,
  argv: readonly string[],
  folder: string,
  names: readonly string[],
  how: How,
): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>();
  if (names.length === 0) return said;
  const xargs = ['xargs', '-0', '-n', '500', ...argv, '--'];
  // 123: a program of some names did not end well, which shows in what is missing.
  const reading = { ...how, cwd: folder, stdin: pathList(names), doing: `look at files in ${folder}`, fine: [0, 123] };
  const child = start(reach, xargs, reading);
  let rest = Buffer.alloc(0);
  for await (const chunk of child.stdout) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      const record = rest.subarray(0, end);
      const space = record.indexOf(' ');
      // `sha256sum` has a blank or an asterisk before the name.
      const from = argv[0] === 'sha256sum' ? space + 2 : space + 1;
      said.set(decodeName(record.subarray(from)), record.subarray(0, space).toString('latin1'));
      rest = rest.subarray(end + 1);
    }
  }
  await ended(child, xargs, reading);
  return said;
}
