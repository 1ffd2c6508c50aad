import { Command } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { newRecoveryPointId } from '../../base/ids.ts';
import { type ForgetRequest, forget } from '../../operations/forget.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { forgetText, questionText } from '../render/forget.ts';
import { repeated } from '../repeated.ts';
import { type Session, withSession } from '../session.ts';

interface ForgetOptions {
  readonly repository?: readonly string[];
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly allowNewest?: boolean;
  readonly allowPinned?: boolean;
  readonly prune?: boolean;
}

/** As of `surety cleanup`. */
const MAX_UNUSED = 0.05;

export function forgetCommand(act: Act): Command {
  return new Command('forget')
    .summary('remove named snapshots')
    .description(
      'Removes the named snapshots, whatever the rules of `keep` say. The newest good one of a source and its newest ' +
        'proven one stay unless --allow-newest is given, what is pinned unless --allow-pinned is; what is being restored stays in any case.',
    )
    .argument('<id...>', 'ids of snapshots, recovery points or records of failed backups')
    .option('--repository <name>', 'only from this repository (repeatable)', repeated)
    .option('--dry-run', 'show what would be removed, and remove nothing')
    .option('--force', 'do not ask')
    .option('--allow-newest', 'also the newest good or the newest proven one of a source')
    .option('--allow-pinned', 'also what is pinned')
    .option('--prune', 'free their content at once instead of at the next cleanup')
    .action(act(runForget));
}

async function runForget(call: Call, ids: readonly string[], options: ForgetOptions): Promise<Answer> {
  if (ids.includes('latest')) {
    throw new SuretyError('usage.latest', 'what is to be removed must be named by its id, not as latest', {
      hint: 'see surety list for the ids there are',
    });
  }
  const dryRun = options.dryRun === true;
  return await withSession(call, { record: !dryRun }, async (session) => {
    const { platform, how } = session;
    const request: ForgetRequest = {
      ...{ runId: newRecoveryPointId(how.clock.now()), ids, dryRun },
      ...{ repositories: platform.repositories(options.repository, 'remove'), named: options.repository !== undefined },
      allowNewest: options.allowNewest === true,
      allowPinned: options.allowPinned === true,
      now: how.clock.now(),
      catalog: await platform.catalog(),
      restoring: platform.restoring,
      prune: options.prune === true,
      maxUnused: MAX_UNUSED,
    };
    if (!dryRun && options.force !== true) await confirm(request, call, session);
    const report = await forget(request, how);
    const codes = report.repositories.flatMap((one) => one.error?.code ?? []);
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'forget', ...report },
      text: forgetText(report, { now: how.clock.now(), colors: call.terminal.colors }),
    };
  });
}

/** Shows what would go and asks for the literal `yes`. Throws `forget.unconfirmed`. */
async function confirm(request: ForgetRequest, call: Call, session: Session): Promise<void> {
  const preview = await forget({ ...request, dryRun: true }, session.looking);
  const { terminal, globals, clock, signal } = call;
  if (!terminal.canAsk || globals.json) {
    throw new SuretyError('forget.unconfirmed', 'nothing was removed: there is no terminal to ask on', {
      hint: 'give --force to go on without being asked, or --dry-run to see what would be removed',
    });
  }
  session.pause();
  terminal.err(printable(questionText(preview, clock.now())));
  const answer = await terminal.ask('Type yes to go on: ', signal);
  if (answer.trim() === 'yes') return;
  throw new SuretyError('forget.unconfirmed', 'nothing was removed: the answer was not yes');
}
