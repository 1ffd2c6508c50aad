/** What operations tell, collected into what messages are made of. */
import { formatBytes } from '../base/bytes.ts';
import { messageOf, SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { ErrorFacts, PartFacts, RunFacts, WarningFacts } from '../notify/run-facts.ts';
import type { Listen, OperationEvent, Run, Step, StepResult } from '../operations/events.ts';
import { healedText } from '../operations/heal-result.ts';
import { type HookReport, hookName } from '../operations/hooks/hook-report.ts';

const WARNINGS_KEPT = 20;

type StepFinished = Extract<OperationEvent, { type: 'step.finished' }>;

/** Calls `ended` with the facts of each run that ends. */
export function collectRuns(ended: (facts: RunFacts) => void): Listen {
  const runs = new Map<string, { readonly parts: PartFacts[]; readonly warnings: Map<string, WarningFacts[]> }>();
  return (event) => {
    if (event.type === 'run.started') runs.set(event.run.id, { parts: [], warnings: new Map() });
    const open = runs.get(event.run.id);
    if (open === undefined) return;
    if (event.type === 'step.warning') {
      const key = stepId(event.step);
      const kept = open.warnings.get(key) ?? [];
      const { code, path, message } = event.warning;
      const said = path === '' || message.includes(path) ? message : `${path}: ${message}`;
      if (kept.length < WARNINGS_KEPT) kept.push({ code, message: said });
      open.warnings.set(key, kept);
    } else if (event.type === 'step.finished') {
      open.parts.push(stepFacts(event, open.warnings.get(stepId(event.step)) ?? []));
    } else if (event.type === 'hook.finished') {
      if (event.hook.outcome !== 'ok') open.parts.push(hookFacts(event.hook));
    } else if (event.type === 'run.finished') {
      runs.delete(event.run.id);
      const { verb, job, id, startedAt } = event.run;
      const { at: endedAt, outcome } = event;
      ended({ verb, job, id, startedAt, endedAt, outcome, parts: open.parts, begun: true });
    }
  };
}

/** The facts of a run that something kept from beginning; `about`: which part of the job, where it has several. */
export function notBegun({ verb, job, id, startedAt }: Run, error: SuretyError, about?: string): RunFacts {
  const name = about ?? (job === '' ? verb : job);
  const nothing = { outcome: 'failed', result: '', warningCount: 0, warnings: [] } as const;
  const part: PartFacts = { key: NOT_BEGUN, name, label: name, error: errorFacts(error), ...nothing };
  return { verb, job, id, startedAt, endedAt: startedAt, outcome: 'failed', parts: [part], begun: false };
}

const NOT_BEGUN = 'begin';

/** Tells one source into one repository, or one whole repository, from others; a snapshot is new in every run. */
export function partKey(source: string, repository: string): string {
  return JSON.stringify([source, repository]);
}

export function hookKey({ source, phase, number }: Pick<HookReport, 'source' | 'phase' | 'number'>): string {
  return JSON.stringify(['hook', source, phase, number]);
}

function stepId({ source, repository, snapshot }: Step): string {
  return JSON.stringify([source, repository, snapshot]);
}

function stepFacts(event: StepFinished, warnings: readonly WarningFacts[]): PartFacts {
  const { step, outcome, result, error } = event;
  return {
    key: partKey(step.source, step.repository),
    name: step.source === '' ? step.repository : step.source,
    label: labelOf(event.run, step),
    outcome,
    result: outcome === 'failed' || result === undefined ? '' : resultText(result),
    error: error === undefined ? foundWrong(outcome, result, step) : errorFacts(withoutPlace(error)),
    warningCount: event.warnings,
    warnings,
  };
}

function labelOf({ verb }: Run, { source, repository, snapshot }: Step): string {
  if (source === '') return `repository ${repository}`;
  if (verb === 'restore') return `${source}, snapshot ${shortId(snapshot)} of ${repository}`;
  return `${source} into ${repository}`;
}

function resultText(result: StepResult): string {
  switch (result.verb) {
    case 'backup':
      return `${formatBytes(result.stats.sizeBytes)}, snapshot ${shortId(result.snapshot.id)}`;
    case 'copy':
      return `from ${result.from}, stored ${formatBytes(result.storedBytes)}, snapshot ${shortId(result.snapshot.id)}`;
    case 'restore':
      return `${formatBytes(result.report.sizeBytes)} to ${result.target}`;
    case 'verify':
      return `${result.report.snapshots} snapshots looked at, ${formatBytes(result.report.readBytes)} re-read`;
    case 'heal':
      return healedText(result.healed);
    case 'cleanup':
    case 'forget':
      return `${result.removed.length} snapshots removed`;
    default:
      return '';
  }
}

const PROBLEMS_SHOWN = 5;

/** A verification that comes to its end and finds damage has no error of its own, nor has a healing that leaves some. */
function foundWrong(outcome: string, result: StepResult | undefined, { repository }: Step): ErrorFacts | undefined {
  if (outcome !== 'failed' || (result?.verb !== 'verify' && result?.verb !== 'heal')) return undefined;
  const { problems } = result.verb === 'heal' ? (result.after ?? result.before) : result.report;
  const lines = problems.slice(0, PROBLEMS_SHOWN).map(({ code, key, message }) => `${code} ${key}: ${message}`);
  const bad = result.results.filter(({ ok }) => !ok).map(({ id }) => `snapshot ${shortId(id)} is not good`);
  const more = problems.length > lines.length ? [`and ${problems.length - lines.length} more`] : [];
  return {
    code: problems[0]?.code ?? 'snapshot.damaged',
    message: [...lines, ...more, ...bad.slice(0, PROBLEMS_SHOWN)].join('\n'),
    hint: `run surety verify --repository ${repository}: it names all that is damaged and says what to do`,
  };
}

function hookFacts(hook: HookReport): PartFacts {
  const { outcome, error } = hook;
  const label = hookName(hook);
  const isWarning = outcome === 'warnings' && error !== undefined;
  return {
    key: hookKey(hook),
    name: hook.source === '' ? 'hooks' : hook.source,
    label,
    outcome,
    result: '',
    error: error === undefined ? undefined : errorFacts(error),
    warningCount: isWarning ? 1 : 0,
    warnings: isWarning ? [{ code: error.code, message: messageOf(error) }] : [],
  };
}

/** The label says already what was being done. */
function withoutPlace(error: Error): Error {
  return error instanceof SuretyError && error.cause instanceof SuretyError ? error.cause : error;
}

function errorFacts(error: Error): ErrorFacts {
  const isOurs = error instanceof SuretyError;
  return {
    code: isOurs ? error.code : 'internal.unexpected',
    message: messageOf(error),
    hint: isOurs ? error.hint : undefined,
  };
}
