/** Commands as people write them into a configuration. */
import * as z from 'zod';
import { shellWord } from './shell-word.ts';

/** A line for the shell, or a program with its arguments. */
export type CommandLine = string | readonly string[];

const nonEmpty = z
  .string()
  .min(1, 'the command is empty')
  .refine((text) => !text.includes('\0'), 'a command can not contain a NUL character');

export const commandLineValue = z
  .union([nonEmpty, z.array(z.string()).min(1, 'no program is given')])
  .describe('a line for the shell, or a list of a program and its arguments');

/**
 * A shell takes a pipe for as good as its last command. Here the first that fails counts; where the system's shell can not do
 * that and there is no bash, a line with a pipe is refused. With a socket for its input, as every child of Node has, bash takes
 * itself for a remote login and reads `~/.bashrc` first, unless it is told not to.
 */
const SHELL_SCRIPT = [
  'if (set -o pipefail) 2>/dev/null; then set -o pipefail; eval "$1"',
  'elif command -v bash >/dev/null 2>&1; then exec bash --norc -o pipefail -c "$1"',
  'else case $1 in *"|"*) echo "no shell here notices a failure inside of a pipe; install bash" >&2; exit 2;; esac; eval "$1"',
  'fi',
].join('\n');

/** What to run: lines go to `sh`, with a failure anywhere in a pipe being one of the whole. */
export function argvOf(command: CommandLine): readonly string[] {
  return typeof command === 'string' ? ['sh', '-c', SHELL_SCRIPT, 'sh', command] : command;
}

/** The command for people, as they could type it. */
export function shownCommand(command: CommandLine): string {
  return typeof command === 'string' ? command : command.map(shellWord).join(' ');
}
