/** Runs the program `borg` on this machine. What it says is understood, and no question is ever answered by chance. */
import { SuretyError } from '../../base/errors.ts';
import { shellWord } from '../../base/shell-word.ts';
import { collectBytes } from '../../base/streams.ts';
import type { Exit, Process } from '../../reach/reach.ts';
import type { How } from '../engine.ts';
import { isWarned } from './exit-codes.ts';
import { borgFailure } from './failure.ts';
import { type BorgMessage, parseMessage, textLines } from './messages.ts';
import { withoutPlaceholders } from './place.ts';
import type { OpenOptions } from './repository.ts';

export interface BorgCall extends How {
  /** For errors: `backup of media`. */
  readonly doing: string;
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface BorgEnd {
  /** What it wrote to stdout. */
  readonly output: string;
  /** 0, or another where it went on after something that it warned of. */
  readonly exitCode: number;
}

type Borg = Omit<OpenOptions, 'clock' | 'host' | 'user' | 'writer'>;

/** It gives its lock back when it is ended; over a slow connection that takes a while. */
const KILL_AFTER_MS = 20_000;
const MAX_TEXT_BYTES = 512 * 1024 * 1024;
/** stderr goes where stdout goes, and stdout where stderr goes: what is told while it works is the stream, what it answers the end. */
const SWAPPED = ['sh', '-c', 'exec "$0" "$@" 3>&1 1>&2 2>&3 3>&-'];

/**
 * What borg tells while it works; at the end what it answered, which is at most 64 KiB. Throws where its exit code is neither 0 nor that of warnings, what
 * stdin threw, and the reason of the signal.
 */
export async function* borgMessages(
  borg: Borg,
  args: readonly string[],
  call: BorgCall,
): AsyncGenerator<BorgMessage, BorgEnd, undefined> {
  const ended = new AbortController();
  const child = start(borg, [...SWAPPED, ...command(borg, args)], call, ended.signal);
  const errors: BorgMessage[] = [];
  let whole = false;
  try {
    for await (const line of textLines(child.stdout)) {
      const message = parseMessage(line);
      if (isError(message)) errors.push(message);
      yield message;
    }
    whole = true;
  } finally {
    if (!whole) ended.abort();
    await child.exit;
  }
  const exitCode = await expectEnd(borg, call, child, () => errors);
  return { output: child.stderr(), exitCode };
}

/** What borg writes to stdout, as it writes it. The last step throws as {@link borgMessages} does. */
export async function* borgOutput(
  borg: Borg,
  args: readonly string[],
  call: BorgCall,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ended = new AbortController();
  const child = start(borg, command(borg, args), call, ended.signal);
  let whole = false;
  try {
    yield* child.stdout;
    whole = true;
  } catch (error) {
    call.signal.throwIfAborted();
    if (!(error instanceof SuretyError) || error.code !== 'reach.not-found') throw error;
  } finally {
    if (!whole) ended.abort();
    await child.exit;
  }
  await expectEnd(borg, call, child, () =>
    child.stderr().split('\n').filter(Boolean).map(parseMessage).filter(isError),
  );
}

/** All that borg writes to stdout, as text. */
export async function borgText(borg: Borg, args: readonly string[], call: BorgCall): Promise<string> {
  return Buffer.from(await collectBytes(borgOutput(borg, args, call), MAX_TEXT_BYTES)).toString('utf8');
}

/** Runs it to its end; returns what it told. */
export async function borgRun(
  borg: Borg,
  args: readonly string[],
  call: BorgCall & { readonly told?: (message: BorgMessage) => void },
): Promise<BorgEnd> {
  const messages = borgMessages(borg, args, call);
  for (;;) {
    const next = await messages.next();
    if (next.done === true) return next.value;
    call.told?.(next.value);
  }
}

function start(borg: Borg, argv: readonly string[], call: BorgCall, ended: AbortSignal): Process {
  return borg.reach.exec(argv, {
    signal: AbortSignal.any([call.signal, ended]),
    env: { ...variables(borg), ...call.env },
    cwd: call.cwd,
    killAfterMs: KILL_AFTER_MS,
    ...(call.stdin !== undefined && { stdin: call.stdin }),
  });
}

async function expectEnd(
  borg: Borg,
  call: BorgCall,
  child: Process,
  errors: () => readonly BorgMessage[],
): Promise<number> {
  const exit: Exit = await child.exit;
  call.signal.throwIfAborted();
  if (exit.error === undefined && exit.code !== null && (exit.code === 0 || isWarned(exit.code))) return exit.code;
  throw borgFailure(borg, call.doing, exit, errors());
}

/**
 * borg takes what `ssh` says for a connection that it finds closed only by chance. Where `ssh` itself has failed, which is its exit code 255,
 * its output stays open a little longer.
 */
const PATIENT = ['sh', '-c', '"$0" "$@"; code=$?; if test $code = 255; then sleep 0.5; fi; exit $code'];

/** Words that are no message of borg are those of `ssh`, of the shell or of Python; what comes from the other host is marked. */
function isError({ type, levelname, message }: BorgMessage): boolean {
  if (type !== 'log_message') return false;
  return ['ERROR', 'CRITICAL', 'PLAIN'].includes(levelname ?? '') || message?.startsWith('Remote: ') === true;
}

function command({ program, lockWaitMs, place, uploadRate }: Borg, args: readonly string[]): string[] {
  const rate = place.folder === undefined ? uploadRate?.() : undefined;
  const limit = rate === undefined ? [] : ['--upload-ratelimit', String(Math.max(1, Math.round(rate / 1024)))];
  return [program, ...limit, '--log-json', '--lock-wait', String(Math.max(1, Math.round(lockWaitMs / 1000))), ...args];
}

/** The repository and its secret, an answer to every question, and words and times that are the same everywhere. */
function variables(borg: Borg): Record<string, string> {
  const { place, password, remotePath, baseDir, cacheDir } = borg;
  return {
    ...place.env,
    BORG_REPO: withoutPlaceholders(place.url),
    BORG_PASSPHRASE: password?.reveal() ?? '',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: borg.allowMoved ? 'yes' : 'no',
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: borg.allowUnknownUnencrypted ? 'yes' : 'no',
    BORG_CHECK_I_KNOW_WHAT_I_AM_DOING: 'NO',
    BORG_DELETE_I_KNOW_WHAT_I_AM_DOING: 'NO',
    BORG_DISPLAY_PASSPHRASE: 'no',
    BORG_EXIT_CODES: 'modern',
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
    ...(place.shell !== undefined && { BORG_RSH: [...PATIENT, ...place.shell].map(shellWord).join(' ') }),
    ...(remotePath !== undefined && { BORG_REMOTE_PATH: remotePath }),
    ...(baseDir !== undefined && { BORG_BASE_DIR: baseDir }),
    ...(cacheDir !== undefined && { BORG_CACHE_DIR: cacheDir }),
  };
}
