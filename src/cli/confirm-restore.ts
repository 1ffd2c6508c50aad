/** Gets a person's word before a restore replaces anything. */
import { hasCode, SuretyError } from '../base/errors.ts';
import { canReplace, type RestoreReport, type RestoreRequest, restore } from '../operations/restore.ts';
import type { Call } from './call.ts';
import { printable } from './printable.ts';
import { questionText } from './render/restore.ts';
import type { Session } from './session.ts';

export interface ConfirmHow {
  readonly call: Call;
  readonly session: Session;
  readonly force: boolean;
}

/**
 * The request with the decision in it. Asks only where something can be replaced, and only on a terminal. Throws
 * `restore.unconfirmed` where nobody can be asked or the answer is not `yes`.
 */
export async function confirmRestore(request: RestoreRequest, how: ConfirmHow): Promise<RestoreRequest> {
  if (request.dryRun || !canReplace(request)) return request;
  if (how.force) return { ...request, decision: 'confirmed' };
  const refusing: RestoreRequest = { ...request, conflict: 'refuse' };
  // A new or empty target needs no word: nothing is there to be replaced.
  if (request.target !== undefined && (await takesEverything(refusing, how))) return refusing;
  if (!how.call.terminal.canAsk || how.call.globals.json) throw nobodyToAsk(request);
  const preview = await look(request, how);
  how.session.pause();
  how.call.terminal.err(printable(questionText(preview, how.call.clock.now())));
  const answer = await how.call.terminal.ask('Type yes to go on: ', how.call.signal);
  if (answer.trim() === 'yes') return { ...request, decision: 'confirmed' };
  throw new SuretyError('restore.unconfirmed', 'nothing was restored: the answer was not yes');
}

async function takesEverything(request: RestoreRequest, how: ConfirmHow): Promise<boolean> {
  const report = await look(request, how);
  return report.items.every(({ error }) => !hasCode(error, 'target.not-empty', 'target.exists'));
}

/** A dry run that is not remembered. */
async function look(request: RestoreRequest, { session }: ConfirmHow): Promise<RestoreReport> {
  return await restore({ ...request, dryRun: true }, session.looking);
}

function nobodyToAsk({ target }: RestoreRequest): SuretyError {
  const what =
    target === undefined ? 'a restore to the original place replaces what is there' : `${target} is not empty`;
  return new SuretyError('restore.unconfirmed', `${what}, and there is no terminal to ask on`, {
    hint: 'give --force to go on without being asked, or --dry-run to see what would be done',
  });
}
