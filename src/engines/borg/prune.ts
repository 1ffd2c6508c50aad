/** Makes the room of what was removed free: `borg compact`. */
import { systemClock } from '../../base/clock.ts';
import type { PruneHow, PruneReport } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { folderSize } from './folder-size.ts';
import { deleteArchives } from './forget.ts';
import { listSnapshots } from './list.ts';
import { borgMessageSize } from './message-size.ts';
import type { Repository } from './repository.ts';
import { borgRun } from './run.ts';

/** borg can not tell beforehand what it will free: of a dry run the numbers are those of the repository as it is. */
export async function prune(repository: Repository, how: PruneHow): Promise<PruneReport> {
  const nothing = { packsKept: 0, packsRepacked: 0, packsRemoved: 0, repackedBytes: 0, freedBytes: 0 };
  const sizes = async () => ({ remainingBytes: await folderSize(repository), remainingUnusedBytes: 0 });
  if (how.dryRun) return { ...nothing, ...(await sizes()) };
  await removeLeftovers(repository, how);
  const tell = pacedProgress(how, systemClock);
  let freedBytes = 0;
  // borg rewrites a file of the repository of which more than this share is unused.
  const threshold = String(Math.min(100, Math.max(0, Math.round(how.maxUnused * 100))));
  await borgRun(repository, ['--info', '--progress', 'compact', '--threshold', threshold], {
    signal: how.signal,
    doing: 'compaction',
    told(message) {
      if (message.type === 'progress_percent' && message.current !== undefined) {
        tell({ phase: 'repack', items: message.current, totalItems: message.total, sizeBytes: 0 });
      }
      freedBytes += borgMessageSize(/compaction freed about (.*) repository space/, message.message);
    },
  });
  return { ...nothing, freedBytes, ...(await sizes()) };
}

/**
 * Checkpoints that runs left which were interrupted. borg keeps them so that what was stored is not stored again; once the same source has a
 * newer archive they are of no use. Nobody is at work on one: borg would hold the lock.
 */
async function removeLeftovers(repository: Repository, how: PruneHow): Promise<void> {
  const { listing, checkpoints } = await listSnapshots(repository, how);
  const names = listing.snapshots.map(({ tree }) => tree);
  const isOver = (checkpoint: string) => {
    const name = checkpoint.replace(/(\.checkpoint(\.\d+)?)+$/, '');
    const series = name.slice(0, name.indexOf(':') + 1);
    return series !== '' && names.some((one) => one.startsWith(series) && one > name);
  };
  await deleteArchives(repository, checkpoints.filter(isOver), how);
}
