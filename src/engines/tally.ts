/** Counts what goes into a backup, and counts its warnings. */

import type { Clock } from '../base/clock.ts';
import type { Warning } from '../sources/source.ts';
import type { BackupHow, BackupStats } from './engine.ts';
import { pacedProgress } from './paced-progress.ts';

export interface Tally {
  readonly warn: (warning: Warning) => void;
  readonly warnings: number;
  file(path: string, sizeBytes: number): void;
  dir(): void;
  other(): void;
  /** Bytes that went by, for the progress. */
  bytes(count: number): void;
  stats(storedBytes: number): BackupStats;
}

export function startTally(how: BackupHow, clock: Clock): Tally {
  const counts = { files: 0, dirs: 0, others: 0, sizeBytes: 0, passed: 0, warnings: 0, current: '' };
  const tell = pacedProgress(how, clock);
  const report = () =>
    tell({ phase: 'read', items: counts.files, sizeBytes: counts.passed, current: counts.current || undefined });
  return {
    warn(warning) {
      counts.warnings += 1;
      how.warn(warning);
    },
    get warnings() {
      return counts.warnings;
    },
    file(path, sizeBytes) {
      counts.files += 1;
      counts.sizeBytes += sizeBytes;
      counts.current = path;
      report();
    },
    dir() {
      counts.dirs += 1;
    },
    other() {
      counts.others += 1;
    },
    bytes(count) {
      counts.passed += count;
      report();
    },
    stats: (storedBytes) => ({
      filesNew: counts.files,
      ...{ filesChanged: 0, filesUnmodified: 0, dirs: counts.dirs, others: counts.others },
      ...{ sizeBytes: counts.sizeBytes, addedBytes: counts.sizeBytes, storedBytes, dataBlobs: 0, treeBlobs: 0 },
    }),
  };
}
