import { hasCode, messageOf, SuretyError } from '../../../base/errors.ts';
import { TarReader } from '../../../base/tar/reader.ts';
import type { TarEntry } from '../../../base/tar/tar-entry.ts';
import type { Exit, Reach } from '../../../reach/reach.ts';
import { pathBytes } from './path-bytes.ts';
import { type TarDialect, tarOutArgv } from './tar-dialect.ts';
import { type Heard, hearTar, type TarWord } from './tar-words.ts';

export interface TarOutHow {
  /** Name of the source, for messages. */
  readonly source: string;
  readonly reach: Reach;
  /** The folder that relative paths are relative to; undefined: the one in which commands begin there. */
  readonly folder: string | undefined;
  readonly dialect: TarDialect;
  /** Links count as what they lead to. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

export interface SentFile {
  /** Index of the path that was asked for. */
  readonly index: number;
  readonly member: TarEntry;
  /** To be taken before the next file is. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** How a stream of files ended. */
export interface SentEnd {
  readonly words: readonly TarWord[];
}

/**
 * Has files of another host sent, in one stream and in the order of `paths`. Those that are not there, or can not be read, are passed over;
 * the end tells why. Throws `source.failed` for a stream that breaks off, or in which something is that was not asked for.
 */
export async function* tarOut(paths: readonly string[], how: TarOutHow): AsyncGenerator<SentFile, SentEnd, undefined> {
  const ended = new AbortController();
  const signal = AbortSignal.any([how.signal, ended.signal]);
  const argv = tarOutArgv(how.dialect, how.follow);
  const stdin = pathBytes(paths);
  const heard = hearTar();
  const env = { LC_ALL: 'C', TAR_OPTIONS: '' };
  const process = how.reach.exec(argv, { signal, stdin, cwd: how.folder, env, said: heard.add });
  let isWhole = false;
  try {
    await using reader = new TarReader(process.stdout, { several: !how.dialect.takesNames });
    let at = 0;
    for (let member = await reader.next(); member !== undefined; member = await reader.next()) {
      const name = normal(member.name);
      while (at < paths.length && normal(paths[at]!) !== name) at += 1;
      if (at === paths.length) throw notAskedFor(member.name, how);
      yield { index: at, member, content: reader.content() };
      at += 1;
    }
    const exit = await process.exit;
    const words = checkEnd(exit, heard, how);
    isWhole = true;
    return { words };
  } catch (error) {
    how.signal.throwIfAborted();
    if (!hasCode(error, 'tar.truncated', 'tar.damaged', 'tar.unsupported')) throw error;
    const exit = await process.exit;
    throw exit.error ?? brokenOff(error, heard, how);
  } finally {
    if (!isWhole) ended.abort(new Error('no more is wanted'));
  }
}

/** Without what programs take away from the beginning. */
function normal(path: string): string {
  return path.replace(/^(?:\.?\/+)+/, '');
}

function checkEnd({ code, signal, error }: Exit, heard: Heard, how: TarOutHow): readonly TarWord[] {
  if (error !== undefined) throw error;
  const words = heard.words();
  // What was not heard may be that a file could not be read, in whose place there are zeros.
  if (words === undefined) throw failed(how, 'its tar says more than can be heeded');
  const unknown = words.find(({ kind }) => kind === 'other');
  // The last is what `xargs` makes of it.
  const isKnown = (code === 1 || code === 2 || code === 123) && words.length > 0 && unknown === undefined;
  const isOrdinary = code === 0 || isKnown;
  if (!isOrdinary) throw failed(how, unknown?.message ?? `tar ended with ${signal ?? `exit code ${code}`}`);
  // Where all went well, what else was said is noise.
  return code === 0 ? words.filter(({ kind }) => kind !== 'other') : words;
}

function brokenOff(error: unknown, heard: Heard, how: TarOutHow): SuretyError {
  const last = heard.words()?.at(-1)?.message;
  return failed(how, last ?? messageOf(error), error);
}

function failed({ source, reach }: TarOutHow, why: string, cause?: unknown): SuretyError {
  const message = `files of source ${source} could not be read from host ${reach.traits.host}: ${why}`;
  return new SuretyError('source.failed', message, { hint: 'run it again', cause });
}

function notAskedFor(name: string, how: TarOutHow): SuretyError {
  const { host } = how.reach.traits;
  return new SuretyError('source.failed', `host ${host} sent a file of source ${how.source} that was not asked for`, {
    hint: 'look at what its tar is',
    details: { name: name.slice(0, 200) },
  });
}
