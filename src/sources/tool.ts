/** Runs the programs that a source is read and written with, where the source lives. Exit codes are always looked at. */
import { hasCode, messageOf, SuretyError } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import type { ExecHow, Exit, Process, Reach } from '../reach/reach.ts';

export interface ToolHow extends ExecHow {
  /** What the program does, for errors: `dump of database shop`. */
  readonly doing: string;
  /** Turns what the program said at its end into an error of the source; undefined: the general one. */
  readonly explain?: (stderr: string, exit: Exit) => SuretyError | undefined;
}

/** Everything the program writes, as text. Throws when it does not end with exit code 0, or says more than `maxBytes`. */
export async function runTool(
  reach: Reach,
  argv: readonly string[],
  how: ToolHow,
  maxBytes = 64 * 1024 * 1024,
): Promise<string> {
  const bytes = await collectBytes(toolOutput(reach, argv, how), maxBytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** What the program writes, as it writes it. The last step throws unless the program ended with exit code 0. */
export async function* toolOutput(
  reach: Reach,
  argv: readonly string[],
  how: ToolHow,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ended = new AbortController();
  const child = reach.exec(argv, { ...how, signal: AbortSignal.any([how.signal, ended.signal]) });
  let whole = false;
  let failure: SuretyError | undefined;
  try {
    yield* child.stdout;
    whole = true;
  } catch (error) {
    // That the program is not there, or the host, is said in the words of a source below.
    if (!(error instanceof SuretyError && error.code.startsWith('reach.'))) throw error;
    failure = error;
  } finally {
    // Whoever stops reading has no use for the rest, and a child that waits for a reader would never end.
    if (!whole) ended.abort();
    await child.exit;
  }
  await expectSuccess(child, argv, how);
  if (failure !== undefined) throw failure;
}

/** Waits for the end of a program whose output nobody needs. Throws unless its exit code is 0. */
export async function expectSuccess(child: Process, argv: readonly string[], how: ToolHow): Promise<void> {
  const exit = await child.exit;
  how.signal.throwIfAborted();
  if (exit.error === undefined && exit.code === 0) return;
  const stderr = child.stderr();
  throw hostFailure(how.doing, exit) ?? how.explain?.(stderr, exit) ?? toolFailure(argv, how.doing, stderr, exit);
}

const OF_THE_HOST = ['unreachable', 'unknown-host-key', 'changed-host-key', 'no-pod', 'denied', 'failed'].map(
  (word) => `reach.${word}`,
);

/** That the host can not be reached, or not any more, or lets nobody in, is neither the program's fault nor that of what it worked on. */
export function hostFailure(doing: string, { error }: Exit): SuretyError | undefined {
  if (!hasCode(error, ...OF_THE_HOST)) return undefined;
  const { code, message, hint, retry, details } = error;
  return new SuretyError(code, `${doing}: ${message}`, { hint, retry, details, cause: error });
}

/** The error for a program that could not be started or did not end well, with the last lines it said. */
export function toolFailure(argv: readonly string[], doing: string, stderr: string, exit: Exit): SuretyError {
  const [program = ''] = argv;
  const notFound = exit.error instanceof SuretyError && exit.error.code === 'reach.not-found';
  if (notFound) {
    return new SuretyError('source.tool-missing', `${doing}: ${program} is not installed where the source lives`, {
      hint: `install the package with ${program} there, or put it on PATH`,
      cause: exit.error,
      details: { program },
    });
  }
  const how = exit.error === undefined ? endingOf(exit) : messageOf(exit.error);
  const said = lastLines(stderr);
  return new SuretyError('source.failed', `${doing}: ${program} ${how}${said === '' ? '' : `: ${said}`}`, {
    cause: exit.error,
    details: { program, ...(exit.code === null ? { signal: exit.signal ?? '' } : { exitCode: exit.code }) },
  });
}

function endingOf({ code, signal }: Exit): string {
  return code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${code}`;
}

const SHOWN_LINES = 3;

function lastLines(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-SHOWN_LINES)
    .join(' / ');
}
