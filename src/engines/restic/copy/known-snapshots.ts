/** Which snapshots a repository has already, to be recognised whichever program copied them. */
import { hasCode } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { How, Snapshot } from '../../engine.ts';
import { decodeSnapshot, type SnapshotDocument } from '../format/snapshot.ts';
import { keyOf, type Repository } from '../repository.ts';
import { toSnapshot } from '../snapshots.ts';

export interface KnownSnapshots {
  /** The snapshot that is the same as this one. Looks at what came since the last question. */
  find(document: SnapshotDocument, how: How): Promise<Snapshot | undefined>;
}

/** What can not be read is not recognised. */
export function knownSnapshots(repository: Repository): KnownSnapshots {
  const read = new Set<string>();
  const known = new Map<string, Snapshot>();
  return {
    async find(document, how) {
      const fresh = (await repository.files('snapshots', how)).filter(({ id }) => !read.has(id));
      await eachConcurrently(fresh, repository.store.traits.connections, how.signal, async ({ id }, signal) => {
        try {
          const found = decodeSnapshot(
            await repository.readUnpacked('snapshots', id, { signal }),
            keyOf('snapshots', id),
          );
          known.set(sameness(found), toSnapshot(id, found));
        } catch (error) {
          if (!hasCode(error, 'repository.damaged', 'store.not-found')) throw error;
        }
        read.add(id);
      });
      return known.get(sameness(document));
    },
  };
}

/** Everything but parent and original, as restic compares it. */
function sameness({ timeNs, tree, host, user, uid, gid, paths, excludes, tags }: SnapshotDocument): string {
  const lists = [paths.toSorted(), excludes, tags.toSorted()];
  return JSON.stringify([String(timeNs), tree, host, user, uid, gid, ...lists]);
}
