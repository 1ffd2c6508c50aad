/** Writes one item from whichever repository has it whole. */
import { messageOf, SuretyError } from '../../base/errors.ts';
import { shortId } from '../../base/short-id.ts';
import type { WriteReport } from '../../sources/source.ts';
import type { RestoreItem, StoredSnapshot } from '../handles.ts';
import type { StepTools } from '../step.ts';
import { type WriteItemHow, type WriteRequest, writeItem } from './write-item.ts';

/**
 * Writes the item. What its repository has not got, or has damaged, is taken from the next one with a copy, and a warning says
 * so. Throws what the last one said; where there is a target, what no repository has is reported and the rest is written.
 */
export async function writeFromCopies(
  item: RestoreItem,
  request: WriteRequest,
  tools: StepTools,
  how: WriteItemHow,
): Promise<WriteReport> {
  const all: readonly StoredSnapshot[] = [item, ...(item.copies ?? [])];
  if (all.length === 1) return await writeItem(item, request, tools, how);
  let begun = false;
  const watched: StepTools = {
    ...tools,
    progress: (progress) => {
      begun = true;
      tools.progress(progress);
    },
  };
  let first: unknown;
  for (const [at, stored] of all.entries()) {
    try {
      // What the attempt before has written stands at the target, and may be incomplete.
      const conflict = begun && request.conflict === 'refuse' ? 'changed' : request.conflict;
      const report = await writeItem(from(item, stored), { ...request, conflict }, watched, { ...how, parts: false });
      return await mend(item, report, all.slice(at + 1), request, tools, how);
    } catch (error) {
      tools.signal.throwIfAborted();
      first ??= error;
      if (!isOfRepository(error)) throw error;
      const next = all[at + 1];
      if (next !== undefined) tools.warn(passedOver(stored, messageOf(error), next));
    }
  }
  if (request.target === undefined) throw first;
  const conflict = begun && request.conflict === 'refuse' ? 'changed' : request.conflict;
  return await writeItem(item, { ...request, conflict }, tools, how);
}

/** The item with another place where it is stored. */
export function from(item: RestoreItem, { repository, snapshot }: StoredSnapshot): RestoreItem {
  return { ...item, repository, snapshot };
}

/** Writes the files whose content turned out to be damaged from the other repositories. */
async function mend(
  item: RestoreItem,
  report: WriteReport,
  others: readonly StoredSnapshot[],
  request: WriteRequest,
  tools: StepTools,
  how: WriteItemHow,
): Promise<WriteReport> {
  let result = report;
  for (const other of others) {
    const damaged = result.failed.filter(({ error }) => isOfRepository(error));
    if (damaged.length === 0) return result;
    tools.warn(passedOver(item, `${damaged.length} damaged`, other));
    const select = damaged.map(({ path }) => path);
    const conflict = request.target === undefined ? request.conflict : 'skip';
    try {
      const again = await writeItem(from(item, other), { ...request, select, conflict }, tools, {
        ...how,
        parts: true,
      });
      result = merged(result, again, new Set(select));
    } catch (error) {
      tools.signal.throwIfAborted();
      if (!isOfRepository(error)) throw error;
    }
  }
  return result;
}

function merged(report: WriteReport, again: WriteReport, mended: ReadonlySet<string>): WriteReport {
  return {
    ...report,
    files: report.files + again.files,
    sizeBytes: report.sizeBytes + again.sizeBytes,
    failed: [...report.failed.filter(({ path }) => !mended.has(path)), ...again.failed],
    checks: [...report.checks, ...again.checks],
    notes: [...new Set([...report.notes, ...again.notes])],
  };
}

/** A sentence for people: what is wrong with one repository, and which one is taken instead. */
export function passedOver({ repository, snapshot }: StoredSnapshot, why: string, next: StoredSnapshot) {
  const message = `repository ${repository.name}: ${why}; taken from repository ${next.repository.name}`;
  return { code: 'repository.passed-over', path: `snapshots/${shortId(snapshot.id)}`, message };
}

const AREAS = ['repository', 'store', 'tree', 'snapshot', 'archive', 'metadata'];

/** Whether another repository may do better: the failure is of what is stored, not of the place it goes to. */
export function isOfRepository(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof SuretyError && AREAS.includes(at.code.split('.', 1)[0]!))
      return at.code !== 'snapshot.path-missing';
  }
  return false;
}
