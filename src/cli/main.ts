/** From argv to an exit code. */
import type { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { variable } from '../base/environment.ts';
import { SuretyError } from '../base/errors.ts';
import { toSuretyError } from '../operations/failure.ts';
import { openTrail } from './audit-trail.ts';
import type { Act, Answer, Call } from './call.ts';
import { refuseEmptyValues } from './empty-values.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { abortOnSignals } from './interrupt.ts';
import { errorDocument, toJson } from './json.ts';
import { printable } from './printable.ts';
import { createProgram, globalsOf, isHelp, parsedBy } from './program.ts';
import { renderError } from './render/error.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { usageError } from './usage-error.ts';

/** Runs one command line of this process and resolves with its exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const terminal = openTerminal({ stdin, stdout, stderr, noColor: (variable('NO_COLOR') ?? '') !== '' });
  using interrupt = abortOnSignals(terminal);
  const exitCode = await runCommandLine(argv, terminal, interrupt.signal);
  const lost = await terminal.written();
  if (lost === undefined) return exitCode;
  terminal.err(`surety: the output can not be written: ${lost.message}\n`);
  return exitCode === EXIT.ok ? EXIT.failed : exitCode;
}

/** Longer lines are hard to read. */
const HELP_COLUMNS = 100;

/** The same with the surroundings given: for tests. */
export async function runCommandLine(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  let answered: { readonly answer: Answer; readonly call: Call } | undefined;
  let called: { readonly verb: string; readonly call: Call } | undefined;
  const act: Act = (perform) => {
    return async (...values) => {
      const command = values.at(-1) as Command;
      refuseEmptyValues(command);
      const verb = nameOf(command);
      const warn = (message: string) => terminal.err(printable(`warning: ${message}\n`));
      const trail = openTrail(command, verb, { clock: systemClock, warn });
      const call: Call = { globals: globalsOf(command), terminal, signal, clock: systemClock, trail };
      called = { verb, call };
      answered = { answer: await perform(call, ...withoutCommand(values)), call };
      trail.end(answered.answer);
    };
  };
  try {
    const columns = terminal.outIsTty ? Math.min(HELP_COLUMNS, terminal.columns()) : HELP_COLUMNS;
    const program = await createProgram(argv, act, { print: (text) => terminal.out(text), columns });
    await program.parseAsync(argv, { from: 'user' });
    return answered === undefined ? EXIT.ok : printAnswer(answered.answer, answered.call);
  } catch (thrown) {
    if (isHelp(thrown)) return EXIT.ok;
    const error = toError(thrown, signal);
    called?.call.trail.end({ exitCode: exitCodeOf(error), error });
    return printError(error, { verb: called?.verb, terminal, ...outputOf(argv, called?.call) });
  }
}

/** commander hands the command itself to an action, after its arguments and options. */
function withoutCommand<Values extends readonly unknown[]>(values: readonly [...Values, Command]): Values {
  return values.slice(0, -1) as unknown as Values;
}

function nameOf(command: Command): string {
  const parent = command.parent;
  if (command.opts().repair === true) return `${command.name()} --repair`;
  return parent === null || parent.parent === null ? command.name() : `${nameOf(parent)} ${command.name()}`;
}

/** A command line that could not be parsed may still say how to answer. */
function outputOf(
  argv: readonly string[],
  call: Call | undefined,
): { readonly json: boolean; readonly verbose: boolean } {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  return call?.globals ?? { json: options.includes('--json'), verbose: options.includes('--verbose') };
}

function toError(thrown: unknown, signal: AbortSignal): SuretyError {
  const error = usageError(thrown, parsedBy(thrown));
  if (signal.aborted) return new SuretyError('run.interrupted', 'interrupted', { cause: error });
  return error instanceof SuretyError ? error : toSuretyError(error, 'unexpected', signal);
}

function printAnswer({ exitCode, document, text, exact }: Answer, { globals, terminal }: Call): number {
  if (globals.json) terminal.out(toJson(document));
  else if (!globals.quiet || exitCode !== EXIT.ok)
    terminal.out(exact === true ? text : printable(text, terminal.colors));
  return exitCode;
}

interface ErrorPlace {
  readonly verb: string | undefined;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly verbose: boolean;
}

function printError(error: SuretyError, { verb, terminal, json, verbose }: ErrorPlace): number {
  const exitCode = exitCodeOf(error);
  const outcome = exitCode === EXIT.interrupted ? 'interrupted' : 'failed';
  if (json) terminal.out(toJson({ verb: verb ?? null, outcome, error: errorDocument(error) }));
  else terminal.err(printable(renderError(error, { verbose })));
  return exitCode;
}
