/** The one place where an error becomes text for a person. */
import { messageOf, printable, SuretyError } from '../../base/errors.ts';

export interface ErrorHow {
  /** Also show what caused it. */
  readonly verbose: boolean;
}

/** `surety: message`, then the hint, then with `verbose` the chain of causes. Ends with a line break. */
export function renderError(error: unknown, { verbose }: ErrorHow): string {
  const lines = [`surety: ${printable(messageOf(error))}`];
  if (error instanceof SuretyError && error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  if (verbose) lines.push(...causes(error));
  return `${lines.join('\n')}\n`;
}

/**
 * The message and hint of an error below a line that says already what was being done: without what the operation put
 * in front of it.
 */
export function errorBelow(error: SuretyError, indent: string): string {
  const { message } = error.cause instanceof SuretyError ? error.cause : error;
  const hint = error.hint === undefined ? '' : `${indent}hint: ${error.hint}\n`;
  return `${indent}${message.replaceAll('\n', `\n${indent}`)}\n${hint}`;
}

const DEPTH_MAX = 10;

function causes(error: unknown): string[] {
  const lines: string[] = error instanceof SuretyError ? [`code: ${error.code}`, ...details(error)] : stack(error);
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; depth < DEPTH_MAX && cause !== undefined; depth++) {
    lines.push(`caused by: ${describe(cause)}`);
    if (!(cause instanceof SuretyError)) lines.push(...stack(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

function describe(cause: unknown): string {
  return cause instanceof SuretyError ? `${cause.code}: ${cause.message}` : printable(messageOf(cause));
}

function details(error: SuretyError): string[] {
  return Object.entries(error.details).map(([name, value]) => `${name}: ${value}`);
}

/** Where a foreign error comes from: its stack without its first line, which is the message. */
function stack(error: unknown): string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  return error.stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `  ${line.trim()}`);
}
