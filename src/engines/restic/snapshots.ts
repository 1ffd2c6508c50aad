/** The snapshots of a repository. */
import { hasCode, SuretyError } from '../../base/errors.ts';
import { eachConcurrently } from '../../base/limit.ts';
import { didYouMean } from '../../base/nearest.ts';
import type { How } from '../../stores/store.ts';
import type { BackupStats, Listing, Snapshot } from '../engine.ts';
import { decodeSnapshot, type SnapshotDocument, type SnapshotSummary } from './format/snapshot.ts';
import { nsToDate } from './format/time.ts';
import { filesLately } from './listed-ahead.ts';
import { keyOf, type Repository } from './repository.ts';

/** Marks a snapshot that Surety wrote; `source=` and `point=` say of what and in which recovery point. */
export const SURETY_TAG = 'surety';
const SOURCE_TAG = 'source=';
const POINT_TAG = 'point=';

/** The tags that a snapshot of Surety carries beside the user's own. */
export function suretyTags(source: string, recoveryPoint: string): string[] {
  return [SURETY_TAG, `${SOURCE_TAG}${source}`, `${POINT_TAG}${recoveryPoint}`];
}

const RECENT_MS = 60_000;

const lastListings = new WeakMap<Repository, { readonly listing: Listing; readonly atMs: number }>();

/** What was listed within the last minute: for who needs no more than a good guess. */
export function recentSnapshots(repository: Repository): Listing | undefined {
  const last = lastListings.get(repository);
  return last !== undefined && repository.clock.elapsedMs() - last.atMs < RECENT_MS ? last.listing : undefined;
}

/** What was listed is not all any more. */
export function forgetListing(repository: Repository): void {
  lastListings.delete(repository);
}

/** All snapshots, oldest first; what can not be read is told as such. A snapshot that is forgotten meanwhile is left out. */
export async function listSnapshots(repository: Repository, how: How): Promise<Listing> {
  const snapshots: Snapshot[] = [];
  const unreadable: { id: string; error: Error }[] = [];
  const files = await filesLately(repository, 'snapshots', how);
  await eachConcurrently(files, repository.store.traits.connections, how.signal, async ({ id }, signal) => {
    try {
      snapshots.push(await readSnapshot(repository, id, { signal, kept: how.kept }));
    } catch (error) {
      if (hasCode(error, 'store.not-found')) return;
      if (!hasCode(error, 'repository.damaged')) throw error;
      unreadable.push({ id, error });
    }
  });
  const listing = { snapshots: snapshots.sort(byTime), unreadable };
  lastListings.set(repository, { listing, atMs: repository.clock.elapsedMs() });
  return listing;
}

function byTime(left: Snapshot, right: Snapshot): number {
  return left.time.getTime() - right.time.getTime() || (left.id < right.id ? -1 : 1);
}

async function readSnapshot(repository: Repository, id: string, how: How): Promise<Snapshot> {
  const json = await repository.readUnpacked('snapshots', id, how);
  return toSnapshot(id, decodeSnapshot(json, keyOf('snapshots', id)));
}

/** The port's view of a snapshot file. */
export function toSnapshot(id: string, document: SnapshotDocument): Snapshot {
  const { parent, tree, paths, host, user, tags, program, summary } = document;
  const isOurs = tags.includes(SURETY_TAG);
  return {
    id,
    time: nsToDate(document.timeNs),
    host,
    paths,
    tags,
    user,
    source: isOurs ? tagValue(tags, SOURCE_TAG) : '',
    recoveryPoint: isOurs ? tagValue(tags, POINT_TAG) : '',
    parent,
    tree,
    stats: summary === undefined ? undefined : toStats(summary),
    program,
  };
}

function tagValue(tags: readonly string[], prefix: string): string {
  return tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length) ?? '';
}

/** restic does not record how many entries are neither files nor directories. */
function toStats(summary: SnapshotSummary): BackupStats {
  const { filesNew, filesChanged, filesUnmodified, dirsNew, dirsChanged, dirsUnmodified } = summary;
  const { sizeBytes, addedBytes, storedBytes, dataBlobs, treeBlobs } = summary;
  const dirs = dirsNew + dirsChanged + dirsUnmodified;
  return {
    ...{ filesNew, filesChanged, filesUnmodified, dirs, others: 0 },
    ...{ sizeBytes, addedBytes, storedBytes, dataBlobs, treeBlobs },
  };
}

/** The one snapshot whose id begins with `prefix`. Throws `snapshot.unknown` or `snapshot.ambiguous`. */
export async function findSnapshot(repository: Repository, prefix: string, how: How): Promise<Snapshot> {
  const wanted = prefix.toLowerCase();
  const ids = (await repository.files('snapshots', how)).map((file) => file.id);
  const found = wanted === '' ? [] : ids.filter((id) => id.startsWith(wanted));
  const [id] = found;
  if (id === undefined) throw unknown(prefix, ids);
  if (found.length > 1) {
    throw new SuretyError('snapshot.ambiguous', `${found.length} snapshots begin with ${prefix}`, {
      hint: `give more of the id: ${found
        .slice(0, 5)
        .map((one) => one.slice(0, prefix.length + 6))
        .join(', ')}`,
      details: { prefix, found: found.length },
    });
  }
  return await readSnapshot(repository, id, how);
}

/** People type the first digits of an id, so the hint compares with as many. */
function unknown(prefix: string, ids: readonly string[]): SuretyError {
  const length = Math.min(64, Math.max(8, prefix.length));
  const near = didYouMean(
    prefix.toLowerCase(),
    ids.map((id) => id.slice(0, length)),
  );
  return new SuretyError('snapshot.unknown', `there is no snapshot ${prefix}`, {
    hint: near ?? (ids.length === 0 ? 'the repository has no snapshots' : 'list the snapshots to see their ids'),
    details: { prefix },
  });
}
