/** Whether a run that ended is an occasion to write, and what was known before. Pure. */
import type { Occasion } from '../rules/occasion.ts';
import type { Ending, PartFacts, PastRun, RunFacts } from './run-facts.ts';

export interface Judgement {
  /** What the message is about: the first of those it could be that is asked for. Undefined: there is none to send. */
  readonly occasion: Occasion | undefined;
  /** Of each part that failed, by its key: how often in a row, this time included. */
  readonly streaks: ReadonlyMap<string, Streak>;
  /** Keys of the parts that went well and had failed the time before. */
  readonly recovered: ReadonlySet<string>;
  /** The run before this one of the same job, when it was killed. */
  readonly killed: Pick<PastRun, 'startedAt'> | undefined;
}

export interface Streak {
  /** 1: for the first time. */
  readonly times: number;
  readonly since: Date;
}

/** `past` are the runs of the same verb before this one, newest first; `wanted` are the occasions that are asked for. */
export function judge(run: RunFacts, past: readonly PastRun[], wanted: readonly Occasion[]): Judgement {
  const ended = past.filter(({ outcome }) => outcome !== 'running');
  const before = ended.find(({ job, outcome }) => job === run.job && outcome !== 'interrupted');
  const killed = before?.outcome === 'killed' ? before : undefined;
  const failed = run.parts.filter(({ outcome }) => outcome === 'failed');
  const good = run.parts.filter(({ outcome }) => outcome === 'ok' || outcome === 'warnings');
  const streaks = new Map(failed.map((part) => [part.key, streakOf(part, run, ended)]));
  const recovered = new Set(good.filter((part) => hadFailed(part, run, ended)).map(({ key }) => key));
  const isRecovery = recovered.size > 0 || killed !== undefined;
  const occasion = candidates(run.outcome, isRecovery).find((one) => wanted.includes(one));
  return { occasion, streaks, recovered, killed };
}

/** Somebody who ends a run by hand knows of it. */
function candidates(outcome: Ending, isRecovery: boolean): readonly Occasion[] {
  if (outcome === 'failed') return ['failure'];
  if (outcome === 'interrupted') return [];
  const recovery: readonly Occasion[] = isRecovery ? ['recovery'] : [];
  return [...recovery, outcome === 'warnings' ? 'warning' : 'success'];
}

type Attempt = { readonly outcome: 'well' } | { readonly outcome: 'failed'; readonly code: string; readonly at: Date };

/** What became of a part in an earlier run; undefined: it was not tried, or somebody ended it. */
function attemptOf(key: string, run: RunFacts, { job, outcome, parts, startedAt }: PastRun): Attempt | undefined {
  const part = parts?.get(key);
  if (part !== undefined) {
    if (part.outcome === 'interrupted') return undefined;
    return part.outcome === 'failed' ? { outcome: 'failed', code: part.code, at: startedAt } : { outcome: 'well' };
  }
  if (job !== run.job) return undefined;
  if (outcome === 'killed') return { outcome: 'failed', code: KILLED, at: startedAt };
  if (parts !== undefined || outcome === 'interrupted' || outcome === 'running') return undefined;
  return outcome === 'failed' ? { outcome: 'failed', code: UNKNOWN, at: startedAt } : { outcome: 'well' };
}

const KILLED = 'run.killed';
/** The catalog does not say why: it counts as the same. */
const UNKNOWN = '';

function streakOf({ key, error }: PartFacts, run: RunFacts, past: readonly PastRun[]): Streak {
  let [times, since] = [1, run.startedAt];
  for (const earlier of past) {
    const attempt = attemptOf(key, run, earlier);
    if (attempt === undefined) continue;
    if (attempt.outcome === 'well' || !isSame(attempt.code, error?.code)) break;
    [times, since] = [times + 1, attempt.at];
  }
  return { times, since };
}

function isSame(code: string, now: string | undefined): boolean {
  return code === UNKNOWN || code === now;
}

function hadFailed({ key }: PartFacts, run: RunFacts, past: readonly PastRun[]): boolean {
  for (const earlier of past) {
    const attempt = attemptOf(key, run, earlier);
    // A run that was killed is told of by itself.
    if (attempt === undefined || (attempt.outcome === 'failed' && attempt.code === KILLED)) continue;
    return attempt.outcome === 'failed';
  }
  return false;
}
