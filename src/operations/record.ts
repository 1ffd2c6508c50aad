/** The listener that writes what happens into the catalog. */
import { SuretyError } from '../base/errors.ts';
import type { Catalog, HookRecord, MemberRecord } from '../catalog/catalog.ts';
import type { Listen, OperationEvent, Outcome } from './events.ts';
import type { HookReport } from './hooks/hook-report.ts';
import { recordHealing } from './record/record-healing.ts';
import { recordMember } from './record/record-member.ts';
import { type Leaving, recordLeaving, recordRemoval } from './record/record-removal.ts';
import { recordRestore } from './record/record-restore.ts';
import { recordVerification } from './record/record-verification.ts';
import { recordedError, type StepFinished } from './record/step-record.ts';

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

/** Begins to record into `catalog`. */
export function recordInto(catalog: Catalog, { exitCode, report }: RecorderHow): Recorder {
  let last: Promise<void> = Promise.resolve();
  let reported = false;
  /** Of each run that has not ended. */
  const errorCodes = new Map<string, string[]>();
  const warnings = new Map<string, { code: string; path: string; message: string }[]>();
  const leaving = new Map<string, Leaving[]>();

  const write = (call: () => Promise<void>) => {
    last = last.then(call).catch((error: unknown) => {
      if (!reported) report(error);
      reported = true;
    });
  };

  const listen: Listen = (event) => {
    if (event.type === 'run.started') {
      const { id, verb, job, startedAt } = event.run;
      errorCodes.set(id, []);
      write(() => catalog.beginRun({ id, verb, job, startedAt }));
    } else if (event.type === 'step.warning') {
      const kept = warnings.get(stepKey(event)) ?? [];
      if (kept.length < KEPT_WARNINGS) kept.push(event.warning);
      warnings.set(stepKey(event), kept);
    } else if (event.type === 'hook.finished') {
      write(() => catalog.recordHook(event.run.id, toHookRecord(event.hook, event.at)));
    } else if (event.type === 'snapshots.forgetting') {
      const own = leaving.get(stepKey(event)) ?? [];
      leaving.set(stepKey(event), own);
      write(async () => void own.push(await recordLeaving(catalog, event.step.repository, event.ids)));
    } else if (event.type === 'step.finished') {
      if (event.error !== undefined)
        errorCodes
          .get(event.run.id)
          ?.push(event.error instanceof SuretyError ? event.error.code : 'internal.unexpected');
      const own = warnings.get(stepKey(event)) ?? [];
      warnings.delete(stepKey(event));
      write(() => recordStep(catalog, event, own));
      const gone = leaving.get(stepKey(event));
      leaving.delete(stepKey(event));
      if (gone !== undefined) write(() => recordRemoval(catalog, event, gone));
    } else if (event.type === 'run.finished') {
      const codes = errorCodes.get(event.run.id) ?? [];
      errorCodes.delete(event.run.id);
      const end = { endedAt: event.at, outcome: event.outcome, exitCode: exitCode(event.outcome, codes) };
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
