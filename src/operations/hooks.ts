/** Runs the commands around a job or a source: `before` first, and `after` whatever happened in between. */
import type { Clock } from '../base/clock.ts';
import { argvOf } from '../base/command-line.ts';
import { formatElapsed } from '../base/durations.ts';
import { SuretyError } from '../base/errors.ts';
import { openTail, type Tail } from '../base/streams.ts';
import { limitTime } from '../base/time-limit.ts';
import type { ExecHow, Exit, Reach } from '../reach/reach.ts';
import {
  type CommandHook,
  type Hook,
  type HookSet,
  hookProgram,
  isDue,
  isScaling,
  type ScaleHook,
  withFormer,
} from '../rules/hook.ts';
import type { Outcome } from './events.ts';
import { hookFailed } from './hooks/hook-failed.ts';
import { type HookPlace, type HookReport, type HookScope, hookName } from './hooks/hook-report.ts';
import type { DueHooks, PendingHooks } from './hooks/pending-hooks.ts';
import { runScaleHook } from './hooks/run-scale-hook.ts';

/** Where hooks run. */
export interface HookGround {
  /** The way to the host, or to another one; whoever made it closes it. */
  reach(how: { readonly signal: AbortSignal; readonly host?: string | undefined }): Promise<Reach>;
  /** The folder they run in; undefined: where the host begins. */
  readonly cwd?: string | undefined;
}

export interface Hooked extends HookGround {
  readonly hooks: HookSet;
  /** Name of the host they run on. */
  readonly host: string;
}

export interface HookHow {
  /** Ends `before` hooks. `after` hooks have only their own time-outs: they run after an interrupt too. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Where hooks that are due are remembered for the case that this process is killed; undefined: nowhere. */
  readonly pending: PendingHooks | undefined;
  readonly started?: (place: HookPlace) => void;
  readonly finished: (report: HookReport) => void;
}

/**
 * Runs the `before` hooks, the work, and the `after` hooks. The work is given the error of a `before` hook that ends what it
 * belongs to, and must then do nothing but report it. `outcomeOf` says how the work went: it decides which `after` hooks are due.
 */
export async function withHooks<Result>(
  scope: HookScope,
  hooked: Hooked | undefined,
  work: (refused: SuretyError | undefined) => Promise<Result>,
  outcomeOf: (result: Result) => Outcome,
  how: HookHow,
): Promise<Result> {
  const { before = [], after = [] } = hooked?.hooks ?? {};
  if (hooked === undefined || before.length + after.length === 0 || how.signal.aborted) return await work(undefined);
  let due: DueHooks = { ...scope, host: hooked.host, hooks: after };
  let kept = after.length === 0 ? undefined : how.pending?.remember(due);
  const scaling: Scaling = (hook, former) => {
    due = { ...due, hooks: withFormer(due.hooks, hook, former) };
    kept = how.pending?.remember(due);
  };
  let outcome: Outcome = 'failed';
  try {
    const result = await work(await runBefore(scope, hooked, { ...how, scaling }));
    outcome = outcomeOf(result);
    return result;
  } finally {
    const again = await runAfter(due, hooked, outcome, how);
    if (again === undefined) kept?.forget();
    else how.pending?.remember(again);
  }
}

/** Told before a workload is scaled: how many pods it has by then. */
type Scaling = (hook: ScaleHook, former: number) => void;

/** Stops at the first failure that ends what the hooks belong to, and returns it. */
async function runBefore(
  scope: HookScope,
  hooked: Hooked,
  how: HookHow & { readonly scaling: Scaling },
): Promise<SuretyError | undefined> {
  for (const [at, hook] of hooked.hooks.before.entries()) {
    const place = { ...scope, phase: 'before', number: at + 1, program: hookProgram(hook) } as const;
    how.started?.(place);
    const { signal, clock, scaling } = how;
    const report = await runHook(hook, place, { signal, clock, scaling, ground: hooked, env: {} });
    how.finished(report);
    if (report.outcome === 'failed' || report.outcome === 'interrupted') return report.error;
  }
  return undefined;
}

export type AfterHow = Pick<HookHow, 'clock' | 'started' | 'finished'> & {
  /** They are of a run that is over: what was scaled by something else since is left alone. */
  readonly isLate?: boolean;
};

/**
 * Runs the `after` hooks that are due after this outcome, each of them whatever became of the others. Returns those that could not scale back what
 * the run had scaled, to be tried again by the next: nobody may miss for good what a backup took away.
 */
export async function runAfter(
  due: DueHooks,
  ground: HookGround,
  outcome: Outcome,
  how: AfterHow,
): Promise<DueHooks | undefined> {
  const { job, source, recoveryPoint, hooks } = due;
  const env = { SURETY_OUTCOME: outcome };
  const again: Hook[] = [];
  const signal = new AbortController().signal;
  for (const [at, hook] of hooks.entries()) {
    if (!isDue(hook, outcome)) continue;
    const place = { job, source, recoveryPoint, phase: 'after', number: at + 1, program: hookProgram(hook) } as const;
    how.started?.(place);
    const report = await runHook(hook, place, { clock: how.clock, signal, ground, env, isLate: how.isLate });
    how.finished(report);
    if (report.error !== undefined && isScaling(hook) && hook.from !== undefined) again.push(hook);
  }
  return again.length === 0 ? undefined : { ...due, hooks: again, isAgain: true };
}

interface RunHow {
  readonly ground: HookGround;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
  readonly scaling?: Scaling;
  readonly isLate?: boolean | undefined;
}

/** Never throws: what went wrong is in the report. */
async function runHook(hook: Hook, place: HookPlace, how: RunHow): Promise<HookReport> {
  const startedMs = how.clock.elapsedMs();
  const error = await failureOf(hook, place, how);
  const durationMs = Math.round(how.clock.elapsedMs() - startedMs);
  const report = { ...place, durationMs, error };
  if (error === undefined) return { ...report, outcome: 'ok' };
  if (error.code === 'run.interrupted') return { ...report, outcome: 'interrupted' };
  return { ...report, outcome: hook.onFailure === 'warn' ? 'warnings' : 'failed' };
}

const OUTPUT_BYTES = 4096;
const OUTPUT_LINES = 10;

async function failureOf(hook: Hook, place: HookPlace, how: RunHow): Promise<SuretyError | undefined> {
  const what = hookName(place);
  const allowed = formatElapsed(hook.timeoutMs);
  const output = openTail(OUTPUT_BYTES);
  using limit = limitTime(how.signal, hook.timeoutMs, () => new Error(`${what} takes longer than ${allowed}`));
  const { signal } = limit;
  try {
    const { cwd } = how.ground;
    const reach = await how.ground.reach({ signal, host: isScaling(hook) ? hook.host : undefined });
    if (isScaling(hook)) {
      const scaling = how.scaling && ((former: number) => how.scaling?.(hook, former));
      const tell = (state: string) => output.add(Buffer.from(`${state}\n`));
      await runScaleHook(reach, hook, { signal, scaling, tell, onlyIfUnchanged: how.isLate === true });
      return undefined;
    }
    const env = { ...environmentOf(place), ...how.env };
    const { exit, stderr } = await execute(reach, hook, { signal, env, ...(cwd === undefined ? {} : { cwd }) }, output);
    if (exit.error !== undefined) throw exit.error;
    if (exit.code === 0) return undefined;
    const ending = exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
    return hookFailed(`${what} ${ending}${lastLines(stderr, output.text())}`, undefined, hook);
  } catch (error) {
    if (how.signal.aborted) return new SuretyError('run.interrupted', `${what} was interrupted`, { cause: error });
    if (!signal.aborted) return hookFailed(`${what} ${isScaling(hook) ? 'failed' : 'could not be run'}`, error, hook);
    return hookFailed(`${what} did not end within ${allowed}${lastLines('', output.text())}`, error, hook);
  }
}

/** How long output is waited for after its end. */
const LAST_OUTPUT_MS = 1000;

/** Ends with the command itself: what it left running, such as a service it started, may hold its output open for ever. */
async function execute(
  reach: Reach,
  { run }: CommandHook,
  how: ExecHow,
  output: Tail,
): Promise<{ readonly exit: Exit; readonly stderr: string }> {
  const enough = new AbortController();
  const child = reach.exec(argvOf(run), { ...how, signal: AbortSignal.any([how.signal, enough.signal]) });
  const read = (async () => {
    for await (const chunk of child.stdout) output.add(chunk);
  })();
  read.catch(() => {});
  const exit = await child.exit;
  const timer = setTimeout(() => enough.abort(), LAST_OUTPUT_MS);
  try {
    await read;
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  how.signal.throwIfAborted();
  return { exit, stderr: child.stderr() };
}

function environmentOf({ job, source, recoveryPoint }: HookScope): Record<string, string> {
  return { SURETY_JOB: job, SURETY_SOURCE: source, SURETY_RECOVERY_POINT: recoveryPoint };
}

/** What it said last: on stderr, or else on stdout. */
function lastLines(stderr: string, stdout: string): string {
  const text = stderr.trim() === '' ? stdout : stderr;
  const lines = text.slice(-OUTPUT_BYTES).trimEnd().split('\n').slice(-OUTPUT_LINES);
  return lines.join('') === '' ? '' : `:\n${lines.join('\n')}`;
}
