/** The terminal, or whatever stands in its place: what is printed where, and who may be asked. */
import { createInterface } from 'node:readline/promises';
import { SuretyError, systemCode } from '../base/errors.ts';

export interface Terminal {
  /** Results: standard output. */
  out(text: string): void;
  /** The same for many pieces at once; resolves when a slow reader has caught up. */
  outAll(pieces: readonly string[]): Promise<void>;
  /** Progress, questions, warnings and errors: standard error. */
  err(text: string): void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Whether a person can be asked. */
  readonly canAsk: boolean;
  /** Width of the terminal in characters. */
  columns(): number;
  /** Whether output may be coloured. */
  readonly colors: boolean;
  /** One line typed by a person; '' when the input ends. Throws `run.interrupted` for Ctrl-C. Ask only where `canAsk`. */
  ask(question: string, signal: AbortSignal): Promise<string>;
}

/** Into how many characters a line of the results has to fit; undefined where nobody's lines are that short: a file, a pipe. */
export function columnsOf(terminal: Terminal): number | undefined {
  return terminal.outIsTty ? terminal.columns() : undefined;
}

export interface ProcessStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** The variable NO_COLOR. */
  readonly noColor: boolean;
}

export interface ProcessTerminal extends Terminal {
  /** Resolves when all results are written, with the error that kept some from it; a reader that went away is none. */
  written(): Promise<Error | undefined>;
}

/** A reader that went away (`surety list | head`) ends neither a backup nor the program: its output is dropped. */
export function openTerminal({ stdin, stdout, stderr, noColor }: ProcessStreams): ProcessTerminal {
  const broken = new Set<NodeJS.WriteStream>();
  let outError: Error | undefined;
  const onOutError = (error: Error) => {
    broken.add(stdout);
    if (systemCode(error) !== 'EPIPE') outError ??= error;
  };
  const onErrError = () => broken.add(stderr);
  stdout.on('error', onOutError);
  stderr.on('error', onErrError);
  const write = (stream: NodeJS.WriteStream, text: string) => {
    if (!broken.has(stream)) stream.write(text);
  };
  return {
    out: (text) => write(stdout, text),
    async outAll(pieces) {
      if (!broken.has(stdout)) await new Promise<void>((resolve) => stdout.write(pieces.join(''), () => resolve()));
    },
    async written() {
      // The event with the error comes before the answer to the next write.
      if (!broken.has(stdout)) await new Promise<void>((resolve) => stdout.write('', () => setImmediate(resolve)));
      return outError;
    },
    err: (text) => write(stderr, text),
    outIsTty: stdout.isTTY === true,
    errIsTty: stderr.isTTY === true,
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    columns: () => stderr.columns ?? stdout.columns ?? 80,
    colors: stdout.isTTY === true && !noColor,
    async ask(question, signal) {
      const lines = createInterface({ input: stdin, output: stderr });
      const ended = new Promise<string>((resolve, reject) => {
        lines.once('SIGINT', () =>
          reject(new SuretyError('run.interrupted', 'no answer was given, and nothing was done')),
        );
        lines.once('close', () => resolve(''));
      });
      try {
        return await Promise.race([lines.question(question, { signal }), ended]);
      } finally {
        lines.close();
      }
    },
  };
}
