import type { Catalog, MemberRecord } from '../../catalog/catalog.ts';
import type { StepResult } from '../events.ts';
import { recordVerifiedNew } from './record-verification.ts';
import { toSnapshotRecord } from './snapshot-record.ts';
import { recordedError, type StepFinished, times } from './step-record.ts';

/** Remembers what a backup or a copy of one source put into one repository, and what was found when it was read back. */
export async function recordMember(
  catalog: Catalog,
  event: StepFinished,
  warnings: MemberRecord['warnings'],
): Promise<void> {
  const result = storedBy(event);
  if (result !== undefined) {
    const { id, location } = result.into;
    await catalog.rememberRepository({ name: event.step.repository, location, id, seenAt: event.at });
  }
  await catalog.recordMember(event.run.id, toMember(event, warnings));
  if (result?.verified !== undefined) await recordVerifiedNew(catalog, event, result.snapshot, result.verified);
}

/** What a step put into its repository. */
function storedBy({ result }: StepFinished): Extract<StepResult, { verb: 'backup' | 'copy' }> | undefined {
  return result?.verb === 'backup' || result?.verb === 'copy' ? result : undefined;
}

function statsOf(result: ReturnType<typeof storedBy>): MemberRecord['stats'] {
  return result?.verb === 'copy' ? { storedBytes: result.storedBytes } : { ...result?.stats };
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
