/** Backs up as a command line says, and says what came of it. */
import type { SuretyError } from '../base/errors.ts';
import { newRecoveryPointId } from '../base/ids.ts';
import { type BackupPlan, planBackup } from '../operations/backup/plan-backup.ts';
import { type BackupReport, type BackupRequest, backup } from '../operations/backup.ts';
import { type Outcome, worstOutcome } from '../operations/events.ts';
import { toSuretyError } from '../operations/failure.ts';
import type { HookReport } from '../operations/hooks/hook-report.ts';
import { locksOf } from '../operations/hooks/pending-hooks.ts';
import type { Answer, Call } from './call.ts';
import { exitCodeOfOutcome } from './exit-codes.ts';
import type { PlannedRun } from './plan-runs.ts';
import { backupText } from './render/backup.ts';
import { copyText } from './render/copy.ts';
import { renderError } from './render/error.ts';
import { planText } from './render/plan.ts';
import { type CopyEnd, copyAfter, copyErrors } from './run-copy.ts';
import { finishKilledRuns } from './run-left-hooks.ts';
import type { Session } from './session.ts';

export interface BackupOptions {
  readonly source?: readonly string[];
  readonly repository?: readonly string[];
  readonly readAll?: boolean;
  readonly dryRun?: boolean;
}

interface Place {
  readonly call: Call;
  readonly session: Session;
}

/** Each planned run in turn: what the command `backup` does. */
export async function performRuns(
  runs: readonly PlannedRun[],
  options: BackupOptions,
  { call, session }: Place,
): Promise<Answer> {
  if (options.dryRun === true) return await planAll(runs, options, call, session);
  const finished = await finishKilledRuns(call, session);
  const ends: RunEnd[] = [];
  for (const run of runs) ends.push(await endOf(run, runs.length === 1, options, session));
  return answerOf(ends, finished, call);
}

/** Nothing is written, no hook is run, and no lock is needed. */
async function planAll(
  runs: readonly PlannedRun[],
  options: BackupOptions,
  call: Call,
  { platform, looking }: Session,
): Promise<Answer> {
  const plans: BackupPlan[] = [];
  for (const run of runs) {
    plans.push(await planBackup(await requestOf(run, options, { platform, how: looking }), looking));
  }
  call.signal.throwIfAborted();
  const outcome = worstOutcome(plans.map((plan) => plan.outcome));
  const codes = plans.flatMap(({ sources }) =>
    sources.flatMap(({ into }) => into.flatMap((one) => one.error?.code ?? [])),
  );
  const texts = plans.map((plan) => planText(plan, call.clock.now()));
  return {
    exitCode: exitCodeOfOutcome(outcome, codes),
    document: { verb: 'backup', dryRun: true, outcome, plans },
    text: `${texts.join('\n')}\nNothing was done.\n`,
  };
}

function answerOf(ends: readonly RunEnd[], finished: readonly HookReport[], call: Call): Answer {
  const copies = ends.flatMap(copiesOf);
  const outcome: Outcome = worstOutcome([...ends, ...copies, ...finished.map(asWarning)].map((end) => end.outcome));
  const own = ends.flatMap((end) => ('error' in end ? [end.error.code] : errorCodes(end)));
  const codes = [...own, ...copies.flatMap(copyErrors)];
  return {
    exitCode: exitCodeOfOutcome(outcome, codes),
    document: { verb: 'backup', outcome, runs: ends, ...(finished.length === 0 ? {} : { finished }) },
    text: ends.map((end) => endText(end, call)).join('\n'),
  };
}

/** What is left of another run that went wrong is no failure of this one. */
function asWarning({ outcome }: HookReport): { readonly outcome: Outcome } {
  return { outcome: outcome === 'ok' ? 'ok' : 'warnings' };
}

/** A run that could not even begin, such as one that another run keeps busy. */
interface NotRun {
  readonly job: string;
  readonly outcome: 'failed' | 'interrupted';
  readonly error: SuretyError;
}

/** Its copies are runs of their own: one that fails takes nothing from the backup. */
type RunEnd = (BackupReport & { readonly copies?: readonly CopyEnd[] }) | NotRun;

function copiesOf(end: RunEnd): readonly CopyEnd[] {
  return 'copies' in end ? (end.copies ?? []) : [];
}

/** A job that can not begin does not keep the others from running; alone, its error is the answer. */
async function endOf(run: PlannedRun, alone: boolean, options: BackupOptions, session: Session): Promise<RunEnd> {
  try {
    const report = await runOne(run, options, session);
    const copies = options.repository === undefined ? await copyAfter(run, report, session) : undefined;
    return copies === undefined ? report : { ...report, copies };
  } catch (thrown) {
    const error = toSuretyError(thrown, `job ${run.job}`, session.how.signal);
    if (error.code !== 'run.interrupted') session.refused('backup', run.job, error);
    if (alone) throw thrown;
    return { job: run.job, outcome: error.code === 'run.interrupted' ? 'interrupted' : 'failed', error };
  }
}

function errorCodes({ members, hooks }: BackupReport): string[] {
  const failed = hooks.filter(({ outcome }) => outcome === 'failed');
  return [...members, ...failed].flatMap(({ error }) => error?.code ?? []);
}

function endText(end: RunEnd, { globals, terminal }: Call): string {
  if ('error' in end) return renderError(end.error, globals);
  const copies = copiesOf(end).map((one) => `\n${copyText(one, terminal.colors)}`);
  return backupText(end, terminal.colors) + copies.join('');
}

async function runOne(run: PlannedRun, options: BackupOptions, { platform, how }: Session): Promise<BackupReport> {
  using locks = new DisposableStack();
  for (const name of locksOf(run.job, run.sources)) locks.use(platform.lock(name));
  return await backup(await requestOf(run, options, { platform, how }), how);
}

async function requestOf(
  run: PlannedRun,
  { readAll }: BackupOptions,
  { platform, how }: Pick<Session, 'platform' | 'how'>,
): Promise<BackupRequest> {
  const { job, like } = run;
  const startedAt = how.clock.now();
  return {
    job,
    recoveryPoint: newRecoveryPointId(startedAt),
    startedAt,
    sources: platform.sources(run.sources),
    repositories: platform.repositories(run.repositories),
    force: readAll === true,
    memory: await platform.memory(),
    ...(like === undefined ? {} : { parallel: like.parallel, patience: like, verifyAfter: like.verifyAfter }),
    hooked: job === '' || like === undefined ? undefined : platform.hooked(like),
    pending: platform.pendingHooks,
  };
}
