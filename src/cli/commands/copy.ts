import { Command, Option } from 'commander';
import { worstOutcome } from '../../operations/events.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { positiveInteger } from '../parse-option.ts';
import { planCopies } from '../plan-copies.ts';
import { copyText } from '../render/copy.ts';
import { repeated } from '../repeated.ts';
import { type CopyEnd, copyErrors, endOfCopy, runCopy } from '../run-copy.ts';
import { withSession } from '../session.ts';

interface CopyOptions {
  readonly to?: string;
  readonly from?: readonly string[];
  readonly source?: string;
  readonly host?: string;
  readonly days?: number;
  readonly all?: boolean;
  readonly oldestFirst?: boolean;
  readonly dryRun?: boolean;
}

const DAY_MS = 86_400_000;

export function copyCommand(act: Act): Command {
  return new Command('copy')
    .summary('copy snapshots into another repository')
    .description(
      'Copies snapshots, or what a job has made, into another repository, and reads back what was stored. Without ids, it is all that is ' +
        'missing there and that `keep` would keep there; without --to, it is what jobs say under copy_to.',
    )
    .argument('[name...]', 'ids of snapshots or recovery points, latest, or names of jobs; default: everything')
    .option('--to <repository>', 'the repository to copy into')
    .option('--from <repository>', 'only from this repository (repeatable); default: all others', repeated)
    .option('--source <name>', 'only what is of this source')
    .option('--host <name>', 'with latest: the newest of this host')
    .addOption(
      new Option('--days [number]', 'only the snapshots of the last so many days (7 when no number is given)')
        .preset('7')
        .argParser(positiveInteger),
    )
    .option('--all', 'also what no rule of `keep` would keep there')
    .option('--oldest-first', 'begin with the oldest; default: the newest complete recovery point')
    .option('--dry-run', 'only say what would be copied')
    .action(act(runCopies));
}

async function runCopies(call: Call, names: readonly string[], options: CopyOptions): Promise<Answer> {
  const dryRun = options.dryRun === true;
  return await withSession(call, { record: !dryRun }, async (session) => {
    const { days } = options;
    const plans = planCopies(session.platform, {
      ...{ names, to: options.to, from: options.from, source: options.source, host: options.host },
      since: days === undefined ? undefined : new Date(call.clock.now().getTime() - days * DAY_MS),
      all: options.all === true,
    });
    const how = { oldestFirst: options.oldestFirst === true, dryRun };
    const copies: CopyEnd[] = [];
    for (const plan of plans) {
      copies.push(plans.length === 1 ? await runCopy(plan, how, session) : await endOfCopy(plan, how, session));
    }
    const outcome = worstOutcome(copies.map((end) => end.outcome));
    return {
      exitCode: exitCodeOfOutcome(outcome, copies.flatMap(copyErrors)),
      document: { verb: 'copy', outcome, copies },
      text: copies.map((end) => copyText(end, call.terminal.colors)).join('\n') + (dryRun ? 'Nothing was done.\n' : ''),
    };
  });
}
