/** Does planned copies, one after another; one that can not begin does not keep the others from it. */
import type { SuretyError } from '../base/errors.ts';
import { newRecoveryPointId } from '../base/ids.ts';
import type { BackupReport } from '../operations/backup.ts';
import { isStored } from '../operations/backup.ts';
import { type CopyReport, copy } from '../operations/copy.ts';
import { toSuretyError } from '../operations/failure.ts';
import type { PlannedCopy } from './plan-copies.ts';
import type { PlannedRun } from './plan-runs.ts';
import type { Session } from './session.ts';

/** A copy that could not even begin, such as one into a repository that is not there. */
export interface NotCopied {
  readonly job: string;
  readonly to: string;
  readonly outcome: 'failed' | 'interrupted';
  readonly error: SuretyError;
}

export type CopyEnd = CopyReport | NotCopied;

export interface CopyHow {
  readonly oldestFirst: boolean;
  readonly dryRun: boolean;
}

export async function runCopy(plan: PlannedCopy, copyHow: CopyHow, session: Session): Promise<CopyReport> {
  const { platform } = session;
  const how = copyHow.dryRun ? session.looking : session.how;
  const [to] = platform.repositories([plan.to]);
  using _lock = copyHow.dryRun ? undefined : platform.lock(`copy to ${plan.to}`);
  const request = {
    ...{ runId: newRecoveryPointId(how.clock.now()), job: plan.job, wanted: plan.wanted, to: to!, ...copyHow },
    from: platform.repositories(plan.from),
    memory: await platform.memory(),
    hold: platform.hold,
  };
  return await copy(request, how);
}

/** The same with a failure as the result. */
export async function endOfCopy(plan: PlannedCopy, copyHow: CopyHow, session: Session): Promise<CopyEnd> {
  try {
    return await runCopy(plan, copyHow, session);
  } catch (thrown) {
    const error = toSuretyError(thrown, `copy into repository ${plan.to}`, session.how.signal);
    const outcome = error.code === 'run.interrupted' ? 'interrupted' : 'failed';
    if (outcome === 'failed' && !copyHow.dryRun) session.refused('copy', plan.job, error, `into ${plan.to}`);
    return { job: plan.job, to: plan.to, outcome, error };
  }
}

/** Codes of all that failed. */
export function copyErrors(end: CopyEnd): string[] {
  if ('error' in end) return [end.error.code];
  return [...end.members, ...(end.check === undefined ? [] : [end.check])].flatMap(({ error }) => error?.code ?? []);
}

/** Copies what a run of a job has stored to where the job says. Undefined: it says nothing of that, or nothing was stored. */
export async function copyAfter(
  { like, job }: PlannedRun,
  report: BackupReport,
  session: Session,
): Promise<readonly CopyEnd[] | undefined> {
  if (job === '' || like === undefined || like.copyTo.length === 0) return undefined;
  if (!report.members.some(isStored)) return undefined;
  const ends: CopyEnd[] = [];
  for (const { repository, from = like.to } of like.copyTo) {
    const plan = { job, wanted: { ids: [report.recoveryPoint] }, from, to: repository };
    ends.push(await endOfCopy(plan, { oldestFirst: false, dryRun: false }, session));
  }
  return ends;
}
