/** Records that failed backups left in a repository: they count for nothing, and the last few are kept to be read. */
import type { FailedBackup } from '../engines/engine.ts';

/** So many of each source stay. */
const KEPT_FAILURES = 10;

export interface DecidedFailure {
  readonly failure: FailedBackup;
  readonly kept: boolean;
  readonly reasons: readonly string[];
}

/** Newest first. Records of sources that no job keeps stay. */
export function decideFailures(
  failures: readonly FailedBackup[],
  keptSources: ReadonlySet<string>,
): readonly DecidedFailure[] {
  const newestFirst = failures.toSorted((left, right) => right.time.getTime() - left.time.getTime());
  const seen = new Map<string, number>();
  return newestFirst.map((failure) => {
    const { source } = failure;
    if (!keptSources.has(source)) return { failure, kept: true, reasons: [`failed; no job keeps source ${source}`] };
    const number = (seen.get(source) ?? 0) + 1;
    seen.set(source, number);
    const kept = number <= KEPT_FAILURES;
    const place = kept ? `record ${number}/${KEPT_FAILURES}` : `${KEPT_FAILURES} newer records are kept`;
    return { failure, kept, reasons: [`failed, counts for nothing; ${place}`] };
  });
}
