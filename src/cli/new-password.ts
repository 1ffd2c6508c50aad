/** Takes a new password from a file or from a person, never from the command line: that is visible to everybody. */
import { readFile } from 'node:fs/promises';
import { messageOf, SuretyError } from '../base/errors.ts';
import type { Call } from './call.ts';

/** Throws `usage.new-password` when there is neither a file nor a terminal, and when two typed ones differ. */
export async function newPassword(call: Call, file: string | undefined): Promise<string> {
  if (file !== undefined) return await fromFile(file);
  if (!call.terminal.canAsk || call.globals.json) {
    throw new SuretyError('usage.new-password', 'there is no terminal to ask for the new password on', {
      hint: 'give it in a file with --new-password-file FILE',
    });
  }
  const { password } = await import('@clack/prompts');
  const { answered } = await import('./prompted.ts');
  const ask = (message: string) =>
    answered(password({ message, signal: call.signal, output: process.stderr }), call.signal);
  const first = await ask('New password');
  const second = await ask('The same again');
  if (first === second) return first;
  throw new SuretyError('usage.new-password', 'the two passwords are not the same', { hint: 'try again' });
}

async function fromFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new SuretyError('usage.new-password', `the file ${file} can not be read: ${messageOf(cause)}`, {
      hint: 'give a file that holds only the new password',
      cause,
    });
  }
}
