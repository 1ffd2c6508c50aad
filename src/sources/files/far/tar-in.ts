import { hasCode, SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import { packTar, type TarMember } from '../../../base/tar/pack.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { TarDialect } from './tar-dialect.ts';

export interface TarInHow {
  readonly source: string;
  readonly reach: Reach;
  readonly dialect: TarDialect;
  /** The folder there that everything goes below. */
  readonly folder: string;
  /** The folder in which commands begin; undefined: the one that the host chooses. */
  readonly cwd: string | undefined;
  readonly isRoot: boolean;
  /** Whether directories that are there keep their attributes. */
  readonly keepsFolders: boolean;
  readonly signal: AbortSignal;
  /** Whether the stream had to end in the midst of a file. */
  readonly isBroken: () => boolean;
}

export interface TarInEnd {
  /** What was said, line by line. */
  readonly said: readonly string[];
}

/**
 * Has the `tar` of another host unpack a stream. What could not be written it says; what became of the files is to be looked at. Throws
 * `target.full`, what the members throw, and what the way to the host says.
 */
export async function tarIn(members: AsyncIterable<TarMember>, how: TarInHow): Promise<TarInEnd> {
  const { source, reach, cwd, signal } = how;
  const { host } = reach.traits;
  const stdin = packed(members, how);
  const process = reach.exec(tarInArgv(how), { signal, cwd, stdin, env: { LC_ALL: 'C', TAR_OPTIONS: '' } });
  for await (const _ of process.stdout);
  const { code, error } = await process.exit;
  signal.throwIfAborted();
  const said = process
    .stderr()
    .split('\n')
    .filter((line) => line.trim() !== '' && !/Exiting with failure status|error exit delayed/.test(line));
  const full = said.find((line) =>
    /No space left on device|Disk quota exceeded|Wrote only \d+ of|write error/i.test(line),
  );
  if (full !== undefined) throw noSpace(how, full, error);
  if (error !== undefined) throw brokenOff(error);
  if (how.isBroken()) return { said: said.filter((line) => !/Unexpected EOF|not recoverable|short read/.test(line)) };
  if (code === 0 || ((code === 1 || code === 2) && said.length > 0)) return { said };
  const last = said.at(-1);
  throw new SuretyError(
    'target.failed',
    `files of source ${source} could not be written on host ${host}: ${last ?? `tar ended with exit code ${code}`}`,
    { hint: AGAIN },
  );
}

const AGAIN = 'restore again with --conflict changed: what is whole is left alone';

function brokenOff(error: unknown): unknown {
  if (!hasCode(error, 'reach.unreachable')) return error;
  const { code, message, retry, details } = error;
  return new SuretyError(code, message, {
    hint: `half of the file that was under way may be there; ${AGAIN}`,
    ...{ retry, details, cause: error },
  });
}

/** All that comes before the file that is broken is written, and its half can be told from a whole one: it has another size. */
async function* packed(members: AsyncIterable<TarMember>, { dialect, isBroken }: TarInHow): AsyncGenerator<Uint8Array> {
  try {
    yield* packTar(members, dialect.kind === 'busybox' ? 'gnu' : 'pax');
  } catch (error) {
    if (!isBroken()) throw error;
  }
}

function noSpace({ reach, folder }: TarInHow, line: string, cause: unknown): SuretyError {
  const { host } = reach.traits;
  const said = /^tar: (.*?): /.exec(line)?.[1] ?? '';
  const path = said.replace(/^\.\//, folder === '/' ? '/' : '');
  return new SuretyError('target.full', `no space left on host ${host} while restoring ${displayName(path)}`, {
    hint: 'free some space there and restore again with --conflict changed',
    details: { path: displayName(path) },
    cause,
  });
}

function tarInArgv({ dialect, folder, isRoot, keepsFolders }: TarInHow): string[] {
  const owner = isRoot ? '--same-owner' : '--no-same-owner';
  if (dialect.kind === 'gnu') {
    const xattrs = dialect.hasXattrs
      ? ['--xattrs', ...(isRoot ? ['--xattrs-include=*'] : ['--xattrs-include=user.*', '--xattrs-include=system.*'])]
      : [];
    const folders = keepsFolders ? ['--no-overwrite-dir'] : [];
    return [
      ...['tar', '--extract', '--file=-', '--preserve-permissions', '--numeric-owner', owner],
      ...['--delay-directory-restore', '--warning=no-timestamp', ...xattrs, ...folders, `--directory=${folder}`],
    ];
  }
  if (dialect.kind === 'bsd') return ['tar', '-x', '-p', '-f', '-', '--numeric-owner', owner, '-C', folder];
  return ['tar', '-x', '-p', '-f', '-', '--numeric-owner', ...(isRoot ? [] : ['-o']), '-C', folder];
}
