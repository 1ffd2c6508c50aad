import { Command } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { newRecoveryPointId } from '../../base/ids.ts';
import type { Platform } from '../../daemon/compose.ts';
import { type BackupReport, backup } from '../../operations/backup.ts';
import { type Outcome, worstOutcome } from '../../operations/events.ts';
import { toSuretyError } from '../../operations/failure.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { backupText } from '../render-backup.ts';
import { renderError } from '../render-error.ts';
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
    const ends: RunEnd[] = [];
    for (const run of runs) ends.push(await endOf(run, runs.length === 1, options, session));
    const outcome: Outcome = worstOutcome(ends.map((end) => end.outcome));
    const codes = ends.flatMap((end) => ('error' in end ? [end.error.code] : errorCodes(end)));
    return {
      exitCode: exitCodeOfOutcome(outcome, codes),
      document: { verb: 'backup', outcome, runs: ends },
      text: ends.map((end) => endText(end, call)).join('\n'),
    };
  });
}

/** A run that could not even begin, such as one that another run keeps busy. */
interface NotRun {
  readonly job: string;
  readonly outcome: 'failed' | 'interrupted';
  readonly error: SuretyError;
}

type RunEnd = BackupReport | NotRun;

/** A job that can not begin does not keep the others from running; alone, its error is the answer. */
async function endOf(run: PlannedRun, alone: boolean, options: BackupOptions, session: Session): Promise<RunEnd> {
  try {
    return await runOne(run, options, session);
  } catch (thrown) {
    if (alone) throw thrown;
    const error = toSuretyError(thrown, `job ${run.job}`, session.how.signal);
    return { job: run.job, outcome: error.code === 'run.interrupted' ? 'interrupted' : 'failed', error };
  }
}

function errorCodes(report: BackupReport): string[] {
  return report.members.flatMap((member) => member.error?.code ?? []);
}

function endText(end: RunEnd, { globals, terminal }: Call): string {
  return 'error' in end ? renderError(end.error, globals) : backupText(end, terminal.colors);
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
      memory: await platform.memory(),
    },
    how,
  );
}
