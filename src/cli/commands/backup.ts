import { Command } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { newRecoveryPointId } from '../../base/ids.ts';
import type { Platform } from '../../daemon/compose.ts';
import { type BackupReport, backup } from '../../operations/backup.ts';
import { type Outcome, worstOutcome } from '../../operations/events.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { backupText } from '../render-backup.ts';
import { repeated } from '../repeated.ts';
import { type Session, withSession } from '../session.ts';

interface BackupOptions {
  readonly source?: readonly string[];
  readonly repository?: readonly string[];
  readonly readAll?: boolean;
}

export function backupCommand(act: Act): Command {
  return new Command('backup')
    .summary('back up the sources of jobs into their repositories')
    .description('Backs up the sources of the named jobs, or of all jobs, into their repositories.')
    .argument('[job...]', 'names of jobs; default: all')
    .option('--source <name>', 'back up only this source (repeatable)', repeated)
    .option('--repository <name>', 'back up only into this repository (repeatable)', repeated)
    .option('--read-all', 'read every file, also those that look unchanged')
    .action(act(runBackup));
}

async function runBackup(call: Call, jobs: readonly string[], options: BackupOptions): Promise<Answer> {
  return await withSession(call, { record: true, configWarnings: true }, async (session) => {
    const runs = planRuns(session.platform, jobs, options);
    const reports: BackupReport[] = [];
    for (const run of runs) reports.push(await runOne(run, options, session));
    const outcome: Outcome = worstOutcome(reports.map((report) => report.outcome));
    const codes = reports.flatMap((report) => report.members.flatMap((member) => member.error?.code ?? []));
    return {
      exitCode: exitCodeOfOutcome(outcome, codes),
      document: { verb: 'backup', outcome, runs: reports },
      text: reports.map((report) => backupText(report, call.terminal.colors)).join('\n'),
    };
  });
}

interface PlannedRun {
  /** '' for a run of single sources. */
  readonly job: string;
  readonly sources: readonly string[];
  readonly repositories: readonly string[];
}

/** Whole jobs run one after the other; single sources run together, into the repositories their jobs name. */
function planRuns(platform: Platform, jobs: readonly string[], { source, repository }: BackupOptions): PlannedRun[] {
  const chosen = jobs.length === 0 ? platform.jobs : [...new Set(jobs)].map((name) => platform.job(name));
  if (chosen.length === 0) {
    throw new SuretyError('config.no-job', 'the configuration has no job', {
      hint: 'add one under jobs: it names sources, and the repositories they go to',
    });
  }
  if (repository !== undefined) platform.repositories(repository);
  if (source === undefined) {
    return chosen.map(({ name, sources, to }) => ({ job: name, sources, repositories: repository ?? to }));
  }
  platform.sources(source);
  const homes = chosen.filter((job) => job.sources.some((name) => source.includes(name))).flatMap((job) => job.to);
  const repositories = repository ?? (homes.length > 0 ? [...new Set(homes)] : platform.repositoryNames);
  return [{ job: '', sources: source, repositories }];
}

async function runOne(run: PlannedRun, { readAll }: BackupOptions, { platform, how }: Session): Promise<BackupReport> {
  using _lock = platform.lock(run.job === '' ? `source ${run.sources.join(' ')}` : run.job);
  const startedAt = how.clock.now();
  return await backup(
    {
      job: run.job,
      recoveryPoint: newRecoveryPointId(startedAt),
      startedAt,
      sources: platform.sources(run.sources),
      repositories: platform.repositories(run.repositories),
      force: readAll === true,
    },
    how,
  );
}
