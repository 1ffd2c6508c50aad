import { Command } from 'commander';
import { list } from '../../operations/list.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { positiveInteger } from '../parse-option.ts';
import { listText } from '../render-list.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface ListOptions {
  readonly repository?: readonly string[];
  readonly source?: string;
  readonly job?: string;
  readonly last?: number;
}

export function listCommand(act: Act): Command {
  return new Command('list')
    .summary('list the snapshots in the repositories')
    .description('Lists the snapshots in the repositories, oldest first.')
    .option('--repository <name>', 'only this repository (repeatable)', repeated)
    .option('--source <name>', 'only snapshots of this source')
    .option('--job <name>', 'only snapshots of this job')
    .option('--last <number>', 'only the newest so many of each repository', positiveInteger)
    .action(act(runList));
}

async function runList(call: Call, options: ListOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repositories = platform.repositories(options.repository);
    const report = await list({ ...options, repositories }, call);
    if (report.outcome === 'ok' && report.repositories.every(({ snapshots }) => snapshots.length === 0)) {
      // Names that are in snapshots only are good ones too; a name that is nowhere is a slip.
      if (options.source !== undefined) platform.sources([options.source]);
      if (options.job !== undefined) platform.job(options.job);
    }
    const codes = report.repositories.flatMap((one) => one.error?.code ?? []);
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'list', ...report },
      text: listText(report, { now: call.clock.now(), colors: call.terminal.colors }),
    };
  });
}
