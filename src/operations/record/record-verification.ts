import type { Catalog, Verdict } from '../../catalog/catalog.ts';
import type { Snapshot } from '../../engines/engine.ts';
import { unproven, type VerifiedNew } from '../verify-new.ts';
import { foundBy, recordedError, type StepFinished, times } from './step-record.ts';

/** Remembers a verification and, of each snapshot that it was about, the verdict. */
export async function recordVerification(catalog: Catalog, event: StepFinished): Promise<void> {
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

/** A new snapshot that was re-read is a verification of its own. */
export async function recordVerifiedNew(
  catalog: Catalog,
  event: StepFinished,
  snapshot: Snapshot,
  verified: VerifiedNew,
): Promise<void> {
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
  await catalog.recordVerdicts([verdictOfNew(event.step.repository, snapshot, verified)]);
}

function verdictOfNew(repository: string, snapshot: Snapshot, verified: VerifiedNew): Verdict {
  const { depth, startedAt, durationMs } = verified;
  const error = unproven(snapshot, verified);
  const at = new Date(startedAt.getTime() + durationMs);
  return { repository, snapshot: snapshot.id, depth, at, ok: error === undefined, message: error?.message ?? '' };
}
