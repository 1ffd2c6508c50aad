/** Counts what goes into an archive, and turns what borg tells into warnings and progress. */
import type { Clock } from '../../../base/clock.ts';
import type { Warning } from '../../../sources/source.ts';
import type { BackupHow } from '../../engine.ts';
import { pacedProgress } from '../../paced-progress.ts';
import { startTally, type Tally } from '../../tally.ts';
import type { BorgMessage } from '../messages.ts';

export interface BorgTally extends Tally {
  /** Files by borg's letters: added, modified, unchanged. */
  readonly counted: { A: number; M: number; U: number };
  /**
   * What borg tells. `pathOf` gives the path of the entry that borg speaks of, undefined for what is none of the source's; where it is
   * missing, borg reads no files, and what it reads is counted by who gives it.
   */
  told(message: BorgMessage, pathOf?: (path: string) => string | undefined): void;
  /** Tells the warnings that wait for more words. */
  flush(): void;
}

export function startBorgTally(how: BackupHow, clock: Clock): BorgTally {
  const tally = startTally(how, clock);
  const tell = pacedProgress(how, clock);
  let readBytes = 0;
  const counted = { A: 0, M: 0, U: 0 };
  let said: string | undefined;
  /** What was said of nothing in particular. */
  const flush = () => {
    if (said !== undefined) tally.warn({ code: 'attribute.unreadable', path: '', message: said });
    said = undefined;
  };
  return {
    ...tally,
    get warnings() {
      return tally.warnings;
    },
    counted,
    flush,
    told(message, pathOf) {
      // Caches that are made anew take a while.
      if (message.type === 'progress_percent' && message.current !== undefined) {
        const { current: items, total: totalItems, msgid: current } = message;
        tell({ phase: 'scan', items, totalItems, sizeBytes: readBytes, current });
      }
      if (pathOf !== undefined && message.original_size !== undefined && message.original_size > readBytes) {
        tally.bytes(message.original_size - readBytes);
        readBytes = message.original_size;
      }
      if (message.type === 'log_message' && message.levelname === 'WARNING') {
        flush();
        // Of the first backup of a source there is no files cache; and what a host says to who logs in is not meant for people here.
        if (!/files cache|^Remote: /.test(message.message ?? '')) said = message.message;
        return;
      }
      if (message.type !== 'file_status' || pathOf === undefined) return;
      const { status = '', path: stored = '' } = message;
      const path = pathOf(stored);
      if (status === 'E' || status === 'C') {
        if (path !== undefined) tally.warn(warningOf(status, path, said));
        said = undefined;
        return;
      }
      flush();
      if (status === 'A' || status === 'M' || status === 'U') counted[status] += 1;
    },
  };
}

function warningOf(status: string, path: string, said = ''): Warning {
  if (status === 'C') return { code: 'entry.changed', path, message: 'it changed while it was read' };
  const isGone = /\[Errno 2\]|\[Errno 20\]/.test(said);
  const reason = /\[Errno \d+\] ([^:]*)/.exec(said)?.[1];
  const message = isGone ? 'it is gone by now' : `it can not be read: ${reason ?? said}`;
  return { code: isGone ? 'entry.vanished' : 'entry.unreadable', path, message };
}
