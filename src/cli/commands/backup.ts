import { Command } from 'commander';
import type { Act, Answer, Call } from '../call.ts';
import { openAhead } from '../open-ahead.ts';
import { type PlannedRun, planRuns } from '../plan-runs.ts';
import { repeated } from '../repeated.ts';
import type { BackupOptions } from '../run-backup.ts';
import { type Session, withSession } from '../session.ts';

export function backupCommand(act: Act): Command {
  return new Command('backup')
    .summary('back up the sources of jobs into their repositories')
    .description('Backs up the sources of the named jobs, or of all jobs, into their repositories.')
    .argument('[job...]', 'names of jobs; default: all')
    .option(
      '--source <name>',
      'back up only this source, without the hooks and copies of its job (repeatable)',
      repeated,
    )
    .option('--repository <name>', 'back up only into this repository (repeatable)', repeated)
    .option('--read-all', 'read every file, also those that look unchanged')
    .option('--dry-run', 'only say what would be done')
    .action(act(runBackup));
}

/** The repositories are asked first; all else that a backup takes is loaded while they answer. */
async function runBackup(call: Call, jobs: readonly string[], options: BackupOptions): Promise<Answer> {
  const { source, repository, dryRun } = options;
  let runs: readonly PlannedRun[] = [];
  const ahead = async (platform: Session['platform'], { signal }: Session['how']) => {
    runs = planRuns(platform, { jobs, source, repository });
    await openAhead(platform.repositories(runs[0]?.repositories ?? []), 'backup', signal);
  };
  return await withSession(call, { record: dryRun !== true, configWarnings: true, ahead }, async (session) => {
    const { performRuns } = await import('../run-backup.ts');
    return await performRuns(runs, options, { call, session });
  });
}
