import type { Catalog, RecordedCheck } from '../../catalog/catalog.ts';
import type { StepResult } from '../events.ts';
import { recordedError, type StepFinished, times } from './step-record.ts';

/** Remembers what a restore gave back, and what was checked of it. A dry run leaves no trace. */
export async function recordRestore(catalog: Catalog, event: StepFinished): Promise<void> {
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
