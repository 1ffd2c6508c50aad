/** What the catalog remembers about how long things took. */
import type { Catalog, DrillRecord, Outcome } from '../../catalog/catalog.ts';
import type { MeasuredReading, MeasuredRestore } from '../../rules/restore-time.ts';
import { WHOLE_SNAPSHOT } from '../record/record-restore.ts';

export interface Proofs {
  /** Whole ones that went well, newest first. */
  readonly restores: readonly MeasuredRestore[];
  /** When the newest of them ended. */
  readonly provenAt: Date | undefined;
}

const LOOKED_AT = 500;

/** Drills and whole restores of one source; with `from`, only those from these repositories. */
export async function proofsOf(catalog: Catalog, source: string, from?: readonly string[]): Promise<Proofs> {
  const drills = await catalog.drills({ source, limit: LOOKED_AT });
  const restores = await catalog.restores({ source, limit: LOOKED_AT });
  const whole = restores.filter(({ checks }) => checks.some(({ what, ok }) => what === WHOLE_SNAPSHOT && ok));
  const good = [...drills, ...whole].filter(
    ({ outcome, repository }) => isGood(outcome) && (from?.includes(repository) ?? true),
  );
  const measured: MeasuredRestore[] = [];
  for (const one of good) {
    const startedAt = await beginningOf(catalog, one, restores);
    const durationMs = one.endedAt.getTime() - startedAt.getTime();
    measured.push({ at: one.endedAt, durationMs, sizeBytes: one.sizeBytes });
  }
  measured.sort((left, right) => right.at.getTime() - left.at.getTime());
  return { restores: measured, provenAt: measured[0]?.at };
}

/** Of a run that restored only this, the checks before the first byte was written belong to what a person waits for. */
async function beginningOf(
  catalog: Catalog,
  one: DrillRecord & { readonly runId: string },
  all: readonly { readonly runId: string }[],
): Promise<Date> {
  if (all.filter(({ runId }) => runId === one.runId).length > 1) return one.startedAt;
  const run = await catalog.run(one.runId);
  return run === undefined || run.startedAt > one.startedAt ? one.startedAt : run.startedAt;
}

/** Verifications of a repository that read all its bytes, or those of a new backup; newest first. */
export async function readingsOf(catalog: Catalog, repository: string): Promise<readonly MeasuredReading[]> {
  const verified = await catalog.verifications({ repository, limit: LOOKED_AT });
  return verified
    .filter(({ depth, outcome, readBytes }) => depth === 'data' && isGood(outcome) && readBytes > 0)
    .map(({ startedAt, endedAt, readBytes }) => {
      return { at: endedAt, durationMs: endedAt.getTime() - startedAt.getTime(), readBytes };
    });
}

function isGood(outcome: Outcome): boolean {
  return outcome === 'ok' || outcome === 'warnings';
}
