/** The listener that writes what happens into the catalog. */
import { messageOf, SuretyError } from '../base/errors.ts';
import type {
  Catalog,
  HookRecord,
  MemberRecord,
  RecordedCheck,
  RecordedError,
  SnapshotRecord,
  Verdict,
} from '../catalog/catalog.ts';
import type { Snapshot, VerifyReport } from '../engines/engine.ts';
import type { Listen, OperationEvent, Outcome, StepResult } from './events.ts';
import type { HealResult } from './heal-result.ts';
import type { HookReport } from './hooks/hook-report.ts';
import { unproven, type VerifiedNew } from './verify-new.ts';

export interface Recorder {
  readonly listen: Listen;
  /** Resolves when all that was told so far is written. Never throws: what failed was given to `report`. */
  settled(): Promise<void>;
}

export interface RecorderHow {
  /** The exit code a run with this ending has. */
  readonly exitCode: (outcome: Outcome, errorCodes: readonly string[]) => number;
  /** Told once about the first call that failed; a run goes on without its history. */
  readonly report: (error: unknown) => void;
}

type StepFinished = Extract<OperationEvent, { type: 'step.finished' }>;

/** Begins to record into `catalog`. */
export function recordInto(catalog: Catalog, { exitCode, report }: RecorderHow): Recorder {
  let last: Promise<void> = Promise.resolve();
  let reported = false;
  const errorCodes: string[] = [];
  const warnings = new Map<string, { code: string; path: string; message: string }[]>();

  const write = (call: () => Promise<void>) => {
    last = last.then(call).catch((error: unknown) => {
      if (!reported) report(error);
      reported = true;
    });
  };

  const listen: Listen = (event) => {
    if (event.type === 'run.started') {
      const { id, verb, job, startedAt } = event.run;
      write(() => catalog.beginRun({ id, verb, job, startedAt }));
    } else if (event.type === 'step.warning') {
      const kept = warnings.get(stepKey(event)) ?? [];
      if (kept.length < KEPT_WARNINGS) kept.push(event.warning);
      warnings.set(stepKey(event), kept);
    } else if (event.type === 'hook.finished') {
      write(() => catalog.recordHook(event.run.id, toHookRecord(event.hook, event.at)));
    } else if (event.type === 'snapshots.forgetting') {
      // Before they go: a cleanup that is killed in the middle leaves nothing that looks lost.
      write(() => catalog.removeSnapshots(event.step.repository, event.ids));
    } else if (event.type === 'step.finished') {
      if (event.error !== undefined)
        errorCodes.push(event.error instanceof SuretyError ? event.error.code : 'internal.unexpected');
      const own = warnings.get(stepKey(event)) ?? [];
      warnings.delete(stepKey(event));
      write(() => recordStep(catalog, event, own));
    } else if (event.type === 'run.finished') {
      const end = { endedAt: event.at, outcome: event.outcome, exitCode: exitCode(event.outcome, errorCodes) };
      write(() => catalog.endRun(event.run.id, end));
    }
  };
  return { listen, settled: () => last };
}

/** What the catalog keeps of a hook that ended at this time. */
export function toHookRecord(hook: HookReport, endedAt: Date): HookRecord {
  const { source, phase, number, program, outcome, durationMs, error } = hook;
  const startedAt = new Date(endedAt.getTime() - durationMs);
  return { source, phase, number, program, outcome, startedAt, endedAt, error: recordedError(error) };
}

const KEPT_WARNINGS = 100;

function stepKey({ run, step }: Extract<OperationEvent, { readonly step: unknown }>): string {
  return JSON.stringify([run.id, step.source, step.repository, step.snapshot]);
}

async function recordStep(catalog: Catalog, event: StepFinished, warnings: MemberRecord['warnings']): Promise<void> {
  // Copies are looked at together in the end: that step is about no single one.
  const isCheck = event.run.verb === 'copy' && event.step.snapshot === '';
  if (event.run.verb === 'verify' || isCheck) return await recordVerification(catalog, event);
  if (event.run.verb === 'backup' || event.run.verb === 'copy') return await recordMember(catalog, event, warnings);
  if (event.run.verb === 'heal') return await recordHealing(catalog, event);
  if (event.run.verb === 'restore') return await recordRestore(catalog, event);
}

async function recordMember(catalog: Catalog, event: StepFinished, warnings: MemberRecord['warnings']): Promise<void> {
  const result = storedBy(event);
  if (result !== undefined) {
    const { id, location } = result.into;
    await catalog.rememberRepository({ name: event.step.repository, location, id, seenAt: event.at });
  }
  await catalog.recordMember(event.run.id, toMember(event, warnings));
  if (result?.verified !== undefined) {
    await recordVerifiedNew(catalog, event, result.verified);
    await catalog.recordVerdicts([verdictOfNew(event.step.repository, result.snapshot, result.verified)]);
  }
}

/** What a step put into its repository. */
function storedBy({ result }: StepFinished): Extract<StepResult, { verb: 'backup' | 'copy' }> | undefined {
  return result?.verb === 'backup' || result?.verb === 'copy' ? result : undefined;
}

function statsOf(result: ReturnType<typeof storedBy>): MemberRecord['stats'] {
  return result?.verb === 'copy' ? { storedBytes: result.storedBytes } : { ...result?.stats };
}

function verdictOfNew(repository: string, snapshot: Snapshot, verified: VerifiedNew): Verdict {
  const { depth, startedAt, durationMs } = verified;
  const error = unproven(snapshot, verified);
  const at = new Date(startedAt.getTime() + durationMs);
  return { repository, snapshot: snapshot.id, depth, at, ok: error === undefined, message: error?.message ?? '' };
}

/** A new snapshot that was re-read is a verification of its own. */
async function recordVerifiedNew(catalog: Catalog, event: StepFinished, verified: VerifiedNew): Promise<void> {
  const { depth, startedAt, durationMs, report } = verified;
  await catalog.recordVerification(event.run.id, {
    repository: event.step.repository,
    depth,
    startedAt,
    endedAt: new Date(startedAt.getTime() + durationMs),
    outcome: report !== undefined && report.problems.length === 0 ? 'ok' : 'failed',
    ...foundBy(report),
    error: recordedError(verified.error),
  });
}

function toMember(event: StepFinished, warnings: MemberRecord['warnings']): MemberRecord {
  const result = storedBy(event);
  return {
    source: event.step.source,
    repository: event.step.repository,
    ...times(event),
    outcome: event.outcome,
    snapshot:
      result === undefined
        ? undefined
        : toSnapshotRecord(
            event.step.repository,
            result.into.id,
            result.snapshot,
            result.verb === 'backup' ? result.stats.sizeBytes : undefined,
          ),
    stats: statsOf(result),
    warningCount: event.warnings,
    warnings,
    error: recordedError(event.error),
  };
}

/** What the catalog keeps of a snapshot. */
export function toSnapshotRecord(
  repository: string,
  repositoryId: string,
  snapshot: Snapshot,
  sizeBytes = snapshot.stats?.sizeBytes,
): SnapshotRecord {
  const { id, source, host, paths, tags, time, recoveryPoint } = snapshot;
  return { repository, repositoryId, id, source, host, paths, tags, time, recoveryPoint, sizeBytes };
}

async function recordVerification(catalog: Catalog, event: StepFinished): Promise<void> {
  const result = event.result?.verb === 'verify' ? event.result : undefined;
  await catalog.recordVerification(event.run.id, {
    repository: event.step.repository,
    depth: result?.depth ?? 'structure',
    ...times(event),
    outcome: event.outcome,
    ...foundBy(result?.report),
    error: recordedError(event.error),
  });
  if (result === undefined) return;
  // Of a part of the data nothing can be said but that the structure is good.
  const depth = result.whole ? result.depth : 'structure';
  const { repository } = event.step;
  await catalog.recordVerdicts(
    result.results.map(({ id, ok, message }) => ({ repository, snapshot: id, depth, at: event.at, ok, message })),
  );
}

/** What is found afterwards is what a verification finds. */
async function recordHealing(catalog: Catalog, event: StepFinished): Promise<void> {
  const result = event.result?.verb === 'heal' ? event.result : undefined;
  if (result?.dryRun === true) return;
  const { repository } = event.step;
  const outcome = event.outcome === 'warnings' ? 'ok' : event.outcome;
  const report = result?.after ?? result?.before;
  const checked = { repository, depth: 'structure' as const, ...times(event), outcome, ...foundBy(report) };
  await catalog.recordVerification(event.run.id, { ...checked, error: recordedError(event.error) });
  if (result !== undefined && result.made.snapshots.length > 0) await addSnapshots(catalog, repository, result.made);
  const results = result?.results ?? [];
  await catalog.recordVerdicts(
    results.map(({ id, depth, ok, message }) => ({ repository, snapshot: id, depth, at: event.at, ok, message })),
  );
}

async function addSnapshots(catalog: Catalog, repository: string, { repositoryId, snapshots }: HealResult['made']) {
  const added = snapshots.map((snapshot) => toSnapshotRecord(repository, repositoryId, snapshot));
  const ids = new Set(added.map(({ id }) => id));
  const known = (await catalog.snapshots({ repository })).filter(({ id }) => !ids.has(id));
  await catalog.replaceSnapshots(repository, [...known, ...added]);
}

function foundBy(report: VerifyReport | undefined) {
  return {
    snapshots: report?.snapshots ?? 0,
    readBytes: report?.readBytes ?? 0,
    problemCount: report?.problems.length ?? 0,
    problems: report?.problems.map(({ code, key, message }) => `${code} ${key}: ${message}`) ?? [],
  };
}

async function recordRestore(catalog: Catalog, event: StepFinished): Promise<void> {
  const result = event.result?.verb === 'restore' ? event.result : undefined;
  if (result?.dryRun === true) return;
  await catalog.recordRestore(event.run.id, {
    source: event.step.source,
    repository: event.step.repository,
    snapshot: event.step.snapshot,
    ...times(event),
    outcome: event.outcome,
    sizeBytes: result?.report.sizeBytes ?? 0,
    checks: checksOf(result),
    error: recordedError(event.error),
    target: result?.target ?? '',
    files: result?.report.files ?? 0,
    failedCount: result?.report.failed.length ?? 0,
  });
}

/** The check that a restore left nothing out: only such a restore proves a snapshot. */
export const WHOLE_SNAPSHOT = 'whole snapshot';

function checksOf(result: Extract<StepResult, { verb: 'restore' }> | undefined): RecordedCheck[] {
  const checks = [...(result?.report.checks ?? [])];
  if (result?.whole === true) checks.push({ what: WHOLE_SNAPSHOT, ok: true, detail: 'nothing was left out' });
  return checks;
}

function times(event: StepFinished): { readonly startedAt: Date; readonly endedAt: Date } {
  return { startedAt: new Date(event.at.getTime() - event.durationMs), endedAt: event.at };
}

function recordedError(error: Error | undefined): RecordedError | undefined {
  if (error === undefined) return undefined;
  return { code: error instanceof SuretyError ? error.code : 'internal.unexpected', message: messageOf(error) };
}
