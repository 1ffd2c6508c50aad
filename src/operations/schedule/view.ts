/** What is scheduled: when it ran, whether it should have run since, and when it runs next. */
import type { Catalog, Outcome, RunRecord } from '../../catalog/catalog.ts';
import { lastDue, nextRuns } from '../../rules/schedule-times.ts';
import { scheduleWords } from '../../rules/schedule-words.ts';
import type { Scheduled } from '../../rules/scheduled.ts';

export interface ScheduleRequest {
  readonly scheduled: readonly Scheduled[];
  /** Undefined: nothing is known of earlier runs. */
  readonly catalog: Pick<Catalog, 'history'> | undefined;
  readonly now: Date;
  /** Of this machine. */
  readonly timeZone: string;
  /** How many of the next runs to tell. */
  readonly next: number;
}

/** `due`: its time has just come. `overdue`: it came, and nothing has run since. `unknown`: no run is known. */
export type ScheduleState = 'running' | 'on time' | 'due' | 'overdue' | 'unknown';

export interface ScheduleView extends Scheduled {
  readonly words: string;
  /** Of its times. */
  readonly zone: string;
  readonly state: ScheduleState;
  /** Undefined where no time of it has come yet. */
  readonly lastDue: Date | undefined;
  readonly lastRun: LastRun | undefined;
  readonly next: readonly Date[];
}

export interface LastRun {
  readonly id: string;
  readonly startedAt: Date;
  /** Undefined while it runs. */
  readonly endedAt: Date | undefined;
  readonly outcome: Outcome | undefined;
}

/** Schedulers look once a minute, and a busy machine takes a while: only then is a run missed. */
const GRACE_MS = 5 * 60_000;

/** In the order they were given. */
export async function viewSchedule(request: ScheduleRequest): Promise<ScheduleView[]> {
  const { scheduled, catalog, now } = request;
  const views: ScheduleView[] = [];
  for (const one of scheduled) {
    const zone = one.timeZone ?? request.timeZone;
    const query = { limit: 1, verb: one.verb, job: one.job === '' ? undefined : one.job };
    const [run] = (await catalog?.history(query)) ?? [];
    const due = lastDue(one.schedule, { timeZone: zone, now });
    views.push({
      ...one,
      words: scheduleWords(one.schedule),
      zone,
      state: stateOf(run, due, now),
      lastDue: due,
      lastRun: run === undefined ? undefined : lastRunOf(run),
      next: nextRuns(one.schedule, { timeZone: zone, after: now, count: request.next }),
    });
  }
  return views;
}

function stateOf(run: RunRecord | undefined, due: Date | undefined, now: Date): ScheduleState {
  if (run === undefined) return 'unknown';
  if (run.endedAt === undefined && run.outcome === undefined) return 'running';
  if (due === undefined || run.startedAt >= due) return 'on time';
  return now.getTime() - due.getTime() < GRACE_MS ? 'due' : 'overdue';
}

function lastRunOf({ id, startedAt, endedAt, outcome }: RunRecord): LastRun {
  return { id, startedAt, endedAt, outcome };
}
