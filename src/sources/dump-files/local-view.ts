import { statSync } from 'node:fs';
import { beingWritten } from './being-written.ts';
import { findCandidates } from './candidates.ts';
import { completeness } from './completeness.ts';
import type { DumpFolder, FolderView } from './dump-folder.ts';

/** A folder of this machine. */
export function localView(dumps: () => DumpFolder): FolderView {
  return {
    find: async () => findCandidates(dumps()),
    now: () => dumps().clock.now(),
    beingWritten: async (candidate) => beingWritten(candidate),
    completeness({ path }, { signal, alive = () => {} }) {
      return completeness(path, { reach: dumps().reach, signal, alive });
    },
    async isSame({ path, stats }) {
      const now = statSync(path, { bigint: true, throwIfNoEntry: false });
      return now?.ino === stats.ino && now.size === stats.size && now.mtimeNs === stats.mtimeNs;
    },
  };
}
