import { Command } from 'commander';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { errorDocument } from '../json.ts';
import { renderError } from '../render/error.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface TestOptions {
  readonly to?: readonly string[];
}

export function notifyCommand(act: Act): Command {
  const test = new Command('test')
    .summary('send a test message')
    .description('Sends a test message to those whom the configuration names, once, and says what the server answered.')
    .option('--to <address>', 'send it to this address instead (repeatable)', repeated)
    .action(act(runTest));
  return new Command('notify').summary('look whether messages arrive').addCommand(test);
}

async function runTest(call: Call, { to }: TestOptions): Promise<Answer> {
  return await withSession(call, { record: false, configWarnings: true }, async ({ platform }) => {
    const { server, answer, accepted, refused } = await platform.sendTest({ to, signal: call.signal });
    const errors = refused.map(({ error }) => error);
    const text = [
      `${server} took the message for ${accepted.join(', ')}: ${answer}\n`,
      ...errors.map((error) => renderError(error, call.globals)),
      'Look whether it arrives, and not among the unwanted messages.\n',
    ];
    return {
      exitCode: errors.length > 0 ? EXIT.failed : EXIT.ok,
      document: {
        verb: 'notify test',
        outcome: errors.length > 0 ? 'failed' : 'ok',
        ...{ server, answer, accepted },
        refused: refused.map(({ recipient, error }) => ({ recipient, error: errorDocument(error) })),
      },
      text: text.join(''),
    };
  });
}
