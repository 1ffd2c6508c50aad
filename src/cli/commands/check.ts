import { Command } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { check } from '../../operations/check.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { checkText } from '../render/check.ts';
import { repeated } from '../repeated.ts';
import { runHeal } from '../run-heal.ts';
import { finishKilledRuns } from '../run-left-hooks.ts';
import { withSession } from '../session.ts';

interface CheckOptions {
  readonly repository?: readonly string[];
  readonly source?: readonly string[];
  readonly repair?: boolean;
  readonly readData?: boolean;
  readonly dryRun?: boolean;
}

export function checkCommand(act: Act): Command {
  return new Command('check')
    .summary('look whether the next backup can work')
    .description(
      'Looks whether sources can be read and repositories can be opened and written, and how much room there is. ' +
        'Makes no backup. (`surety verify` checks what is stored.) With --repair, what is damaged or missing in repositories is stored ' +
        'again, taken from other repositories or from the sources.',
    )
    .option('--repository <name>', 'only this repository (repeatable)', repeated)
    .option('--source <name>', 'only this source (repeatable)', repeated)
    .option('--repair', 'heal repositories')
    .option('--read-data', 'with --repair: look for damage in every stored byte')
    .option('--dry-run', 'with --repair: only say what would be healed, and from where')
    .action(act(runCheck));
}

async function runCheck(call: Call, options: CheckOptions): Promise<Answer> {
  if (options.repair === true) return await runHeal(call, options);
  if (options.readData === true || options.dryRun === true) {
    throw new SuretyError('usage.conflict', '--read-data and --dry-run are for --repair', {
      hint: 'surety verify --read-data reads every stored byte',
    });
  }
  return await withSession(call, { record: false, impatient: true, configWarnings: true }, async (session) => {
    const { platform } = session;
    const finished = await finishKilledRuns(call, session);
    const sources =
      options.repository !== undefined && options.source === undefined ? [] : platform.sources(options.source);
    const wanted = options.source !== undefined && options.repository === undefined ? [] : options.repository;
    const inJobs = new Set(platform.jobs.flatMap((job) => job.sources));
    const report = await check(
      {
        repositories: platform.repositories(wanted),
        sources,
        withoutJob: platform.sourceNames.filter((name) => !inJobs.has(name)),
      },
      call,
    );
    const doubts = platform.configWarnings.length > 0;
    return {
      exitCode: exitCodeOfOutcome(report.outcome),
      document: {
        verb: 'check',
        configuration: platform.file,
        ...report,
        ...(finished.length === 0 ? {} : { finished }),
      },
      text: checkText(report, { file: platform.file, doubts, colors: call.terminal.colors }),
    };
  });
}
