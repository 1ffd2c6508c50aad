/** Runs the commands that a configuration names, where the source lives. Exit codes are always looked at. */
import { argvOf, type CommandLine } from '../base/command-line.ts';
import { formatElapsed } from '../base/durations.ts';
import { SuretyError } from '../base/errors.ts';
import { openTail, type Tail } from '../base/streams.ts';
import { limitTime, type TimeLimit } from '../base/time-limit.ts';
import type { ExecHow, Exit, Reach } from '../reach/reach.ts';
import { expectSuccess, type ToolHow, toolFailure, toolOutput } from './tool.ts';

export interface CommandHow extends ExecHow {
  readonly reach: Reach;
  /** What the command does, for errors: `backup command of source ledger`. */
  readonly doing: string;
  /** Undefined: as long as it wants. */
  readonly timeoutMs: number | undefined;
  /** What is started in place of the command, made of it; it ends as the command does. */
  readonly wrap?: (argv: readonly string[]) => readonly string[];
  /** Values that must not be in an error, whatever the command says. */
  readonly hide?: readonly string[];
}

/** What the command writes, as it writes it. The last step throws unless it ended with exit code 0. */
export async function* commandOutput(
  command: CommandLine,
  how: CommandHow,
): AsyncGenerator<Uint8Array, void, undefined> {
  using limit = timeLimit(how);
  yield* toolOutput(how.reach, argvOf(command), toolHow(command, how, limit.signal));
}

const SAID_BYTES = 4096;

/**
 * Waits for the end of a command whose output is of use only in an error. What the command leaves running may hold its
 * output open; that is not waited for. Throws unless the exit code is 0.
 */
export async function runCommand(command: CommandLine, how: CommandHow): Promise<void> {
  using limit = timeLimit(how);
  const ended = new AbortController();
  const argv = how.wrap?.(argvOf(command)) ?? argvOf(command);
  const said = openTail(SAID_BYTES);
  const child = how.reach.exec(argv, execHow(how, AbortSignal.any([limit.signal, ended.signal])));
  keep(child.stdout, said).catch(() => {});
  try {
    await expectSuccess(child, argv, toolHow(command, how, limit.signal, said));
  } finally {
    ended.abort();
  }
}

async function keep(chunks: AsyncIterable<Uint8Array>, said: Tail): Promise<void> {
  for await (const chunk of chunks) said.add(chunk);
}

function timeLimit({ signal, timeoutMs, doing }: CommandHow): TimeLimit {
  return limitTime(signal, timeoutMs, () => {
    const message = `${doing}: it did not end within ${formatElapsed(timeoutMs ?? 0)} and was stopped`;
    return new SuretyError('source.failed', message, { hint: 'see what it waits for, or give it more time' });
  });
}

function toolHow(command: CommandLine, how: CommandHow, signal: AbortSignal, said?: Tail): ToolHow {
  const explain = (stderr: string, exit: Exit): SuretyError => {
    const text = stderr.trim() === '' ? (said?.text() ?? '') : stderr;
    return toolFailure([nameOf(command)], how.doing, hidden(text, how.hide ?? []), exit);
  };
  return { ...execHow(how, signal), doing: how.doing, explain };
}

function execHow({ env, cwd, stdin, killAfterMs }: CommandHow, signal: AbortSignal): ExecHow {
  return {
    signal,
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(stdin === undefined ? {} : { stdin }),
    ...(killAfterMs === undefined ? {} : { killAfterMs }),
  };
}

function nameOf(command: CommandLine): string {
  return typeof command === 'string' ? 'the command' : (command[0] ?? '');
}

/** Shorter ones would make the rest unreadable. */
const SECRET_LENGTH = 4;

function hidden(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SECRET_LENGTH)
    .reduce((left, secret) => left.replaceAll(secret, '[secret]'), text);
}
