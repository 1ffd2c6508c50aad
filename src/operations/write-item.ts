/** Writes the entries of one snapshot to where they are wanted. */
import { messageOf } from '../base/errors.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import type { Source, WriteHow, WriteReport } from '../sources/source.ts';
import type { RestoreItem } from './handles.ts';
import { NO_OWNED_FILES, type OwnedFiles } from './owned-files.ts';
import type { StepTools } from './step.ts';

export type Conflict = WriteHow['conflict'];

/** How all items of a restore are written. */
export interface WriteRequest {
  /** Absolute path, or undefined for the original place. */
  readonly target: string | undefined;
  readonly conflict: Conflict;
  /** Paths or globs; undefined: everything. */
  readonly select: readonly string[] | undefined;
  readonly dryRun: boolean;
}

/**
 * Writes one item, without what other items own. With a target, what is lost in the repository is reported and the rest is
 * written.
 */
export async function writeItem(
  item: RestoreItem,
  request: WriteRequest,
  tools: StepTools,
  owned: OwnedFiles = NO_OWNED_FILES,
): Promise<WriteReport> {
  const engine: Engine = await item.repository.open(tools);
  const source: Source = await item.source.open(tools);
  const lost: Lost[] = [];
  // At another place a part is better than nothing. Where it would replace things, all of it must be there.
  const onLost = request.target === undefined ? undefined : (path: string, error: Error) => lost.push({ path, error });
  const how = { signal: tools.signal, select: request.select, onLost };
  await using restoring = await engine.restore(item.snapshot, how);
  const total = request.select === undefined ? item.snapshot.stats : undefined;
  const left = owned.leaveOut(restoring, source);
  const report = await source.write(left.restoring, {
    signal: tools.signal,
    warn: tools.warn,
    target: request.target,
    conflict: request.conflict,
    dryRun: request.dryRun,
    progress: ({ files, sizeBytes }) =>
      tools.progress({
        phase: 'write',
        items: files,
        sizeBytes,
        totalItems: filesOf(total),
        totalBytes: total?.sizeBytes,
      }),
  });
  const whole = { ...report, skipped: report.skipped + left.count(), notes: [...report.notes, ...left.notes()] };
  return withLost(whole, lost, tools);
}

type Lost = WriteReport['failed'][number];

/** Adds what the writer could not know of: directories of which nothing is left, and in a dry run all that will fail. */
function withLost(report: WriteReport, lost: readonly Lost[], { warn }: StepTools): WriteReport {
  const known = new Set(report.failed.map(({ path }) => path));
  const added = lost.filter(({ path }) => !known.has(path));
  for (const { path, error } of added) warn({ code: 'entry.failed', path, message: messageOf(error) });
  return { ...report, failed: [...report.failed, ...added] };
}

function filesOf(stats: Snapshot['stats']): number | undefined {
  return stats === undefined ? undefined : stats.filesNew + stats.filesChanged + stats.filesUnmodified;
}
