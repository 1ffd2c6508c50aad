import { messageOf } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { RestoredEntry, WriteHow, WriteReport } from '../source.ts';

const PLANNED_CHANGES = 1000;

type Counted = 'files' | 'dirs' | 'others' | 'skipped' | 'unchanged';

/** Counts what a restore does, for its report and its progress. */
export interface Tally {
  count(what: Counted, sizeBytes?: number): void;
  /** Leaves out a socket. */
  skipSocket(path: string): void;
  /** Notes a change for the report of a dry run; the first 1000 are kept. */
  plan(path: string, action: 'create' | 'overwrite' | 'skip'): void;
  /** Reports and warns about an entry that could not be restored. */
  fail(entry: Pick<RestoredEntry, 'path'>, error: Error): void;
  report(): WriteReport;
}

export function startTally(how: WriteHow): Tally {
  const counts = { files: 0, dirs: 0, others: 0, skipped: 0, unchanged: 0 };
  let sizeBytes = 0;
  let unchangedBytes = 0;
  let sockets = 0;
  let firstSocket: string | undefined;
  const failed: { path: string; error: Error }[] = [];
  const plan: { path: string; action: 'create' | 'overwrite' | 'skip' }[] = [];
  return {
    count(what, addedBytes = 0) {
      counts[what] += 1;
      if (what === 'unchanged') unchangedBytes += addedBytes;
      else sizeBytes += addedBytes;
      if (what !== 'files' && what !== 'unchanged') return;
      how.progress?.({ files: counts.files + counts.unchanged, sizeBytes: sizeBytes + unchangedBytes });
    },
    skipSocket(path) {
      counts.skipped += 1;
      sockets += 1;
      firstSocket ??= displayName(path);
    },
    plan(path, action) {
      if (plan.length < PLANNED_CHANGES) plan.push({ path, action });
    },
    fail(entry, error) {
      failed.push({ path: entry.path, error });
      how.warn({ code: 'entry.failed', path: entry.path, message: messageOf(error) });
    },
    report: () => ({ ...counts, sizeBytes, failed, plan, checks: [], notes: socketNotes(sockets, firstSocket) }),
  };
}

/** No reason to warn: a restored socket would be of no use to anybody. */
function socketNotes(count: number, first: string | undefined): string[] {
  if (first === undefined) return [];
  const which = count === 1 ? `1 socket (${first}) is` : `${count} sockets (the first: ${first}) are`;
  return [`${which} not restored: the program that listens on one makes it anew`];
}
