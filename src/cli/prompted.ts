/** Answers of prompts, with every way of giving up in one error. */
import { isCancel } from '@clack/prompts';
import { SuretyError } from '../base/errors.ts';

/**
 * What was typed. Throws `run.interrupted` when the person gave up with Ctrl-C or Escape, and when the terminal went
 * away: a prompt alone would wait for ever.
 */
export async function answered(prompt: Promise<string | symbol>, signal: AbortSignal): Promise<string> {
  const { stdin } = process;
  let giveUp: () => void = () => {};
  const ended = new Promise<never>((_, reject) => {
    giveUp = () => reject(givenUp());
    stdin.once('end', giveUp);
    stdin.once('close', giveUp);
    // Ctrl-D ends the prompt's reading without an answer: then nothing is left that this process waits for.
    process.once('beforeExit', giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    const answer = await Promise.race([prompt, ended]);
    if (typeof answer !== 'string' || isCancel(answer)) throw givenUp();
    return answer;
  } finally {
    stdin.off('end', giveUp);
    stdin.off('close', giveUp);
    process.off('beforeExit', giveUp);
    signal.removeEventListener('abort', giveUp);
  }
}

function givenUp(): SuretyError {
  return new SuretyError('run.interrupted', 'no answer was given, and nothing was done');
}
