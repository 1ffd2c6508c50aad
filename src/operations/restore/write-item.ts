/** Writes the entries of one snapshot to where they are wanted. */
import { messageOf } from '../../base/errors.ts';
import type { Engine, Progress } from '../../engines/engine.ts';
import type { Restoring, ServerRestore, Source, WriteHow, WriteReport } from '../../sources/source.ts';
import type { RestoreItem } from '../handles.ts';
import type { StepTools } from '../step.ts';
import { NO_OWNED_FILES, type OwnedFiles } from './owned-files.ts';

export type Conflict = WriteHow['conflict'];

/** How all items of a restore are written. */
export interface WriteRequest {
  /** Absolute path, or undefined for the original place. */
  readonly target: string | undefined;
  readonly conflict: Conflict;
  /** Paths or globs; undefined: everything. */
  readonly select: readonly string[] | undefined;
  readonly dryRun: boolean;
  /** How databases go back into their server; only where there is no target. Undefined: into new ones that take the place of the old. */
  readonly server?: ServerRestore | undefined;
}

/** Into a new database that takes the place of the old one, which is kept. */
const SWAPPED: ServerRestore = { inPlace: false, dropOld: false };

export interface WriteItemHow {
  readonly owned?: OwnedFiles;
  /** Write what is there even if something of it is lost in the repository. Default: where there is a target. */
  readonly parts?: boolean;
  /** What is going to be written, where that is known better than the snapshot tells; for the progress. */
  readonly expected?: Expected | undefined;
}

export interface Expected {
  readonly files: number;
  readonly sizeBytes: number;
}

/**
 * Writes one item, without what other items own. With a target, what is lost in the repository is reported and the rest is
 * written.
 */
export async function writeItem(
  item: RestoreItem,
  request: WriteRequest,
  tools: StepTools,
  { owned = NO_OWNED_FILES, parts = request.target !== undefined, expected }: WriteItemHow = {},
): Promise<WriteReport> {
  const engine: Engine = await item.repository.open(tools);
  const source: Source = await item.source.open(tools);
  const lost: Lost[] = [];
  // At another place a part is better than nothing. Where it would replace things, all of it must be there.
  const onLost = parts ? (path: string, error: Error) => lost.push({ path, error }) : undefined;
  const how = { signal: tools.signal, select: request.select, onLost, contentSoon: !request.dryRun };
  await using restoring = await engine.restore(item.snapshot, how);
  const total = expected ?? (request.select === undefined ? totalOf(item, restoring) : undefined);
  const left = owned.leaveOut(restoring, source);
  const intoServer = source.traits.restoresIntoServer === true && request.target === undefined;
  const report = await source.write(left.restoring, {
    signal: tools.signal,
    warn: tools.warn,
    target: request.target,
    conflict: request.conflict,
    dryRun: request.dryRun,
    server: intoServer ? (request.server ?? SWAPPED) : undefined,
    progress: (done) => tools.progress(progressOf(done, total)),
  });
  const whole = { ...report, skipped: report.skipped + left.count(), notes: [...report.notes, ...left.notes()] };
  return withLost(whole, lost, tools);
}

function progressOf(done: Expected, total: Expected | undefined): Progress {
  const { files, sizeBytes } = done;
  return { phase: 'write', items: files, sizeBytes, totalItems: total?.files, totalBytes: total?.sizeBytes };
}

/** What a snapshot holds, as the repository or the source counted it. */
export function totalOf(
  { snapshot: { stats } }: Pick<RestoreItem, 'snapshot'>,
  { facts }: Pick<Restoring, 'facts'>,
): Expected | undefined {
  if (stats === undefined) return facts === undefined ? undefined : { files: facts.files, sizeBytes: facts.sizeBytes };
  return { files: stats.filesNew + stats.filesChanged + stats.filesUnmodified, sizeBytes: stats.sizeBytes };
}

type Lost = WriteReport['failed'][number];

/** Adds what the writer could not know of: directories of which nothing is left, and in a dry run all that will fail. */
function withLost(report: WriteReport, lost: readonly Lost[], { warn }: StepTools): WriteReport {
  const known = new Set(report.failed.map(({ path }) => path));
  const added = lost.filter(({ path }) => !known.has(path));
  for (const { path, error } of added) warn({ code: 'entry.failed', path, message: messageOf(error) });
  return { ...report, failed: [...report.failed, ...added] };
}
