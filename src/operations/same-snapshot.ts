/** Which snapshots of two repositories are the same one. */
import type { Snapshot } from '../engines/engine.ts';

type Named = Pick<Snapshot, 'source' | 'host' | 'recoveryPoint' | 'time' | 'paths'>;
type Compared = Named & Pick<Snapshot, 'tree'>;

/**
 * Whether two snapshots of different repositories are one source of one run. What Surety did not write is the same where time, host and paths
 * are, and the content as far as both tell it.
 */
export function isSameSnapshot(one: Compared, other: Compared): boolean {
  return samenessKey(one) === samenessKey(other) && (one.recoveryPoint !== '' || isSameTree(one, other));
}

/** Equal for snapshots that may be the same. */
export function samenessKey({ source, host, recoveryPoint, time, paths }: Named): string {
  if (recoveryPoint !== '') return JSON.stringify([recoveryPoint, source, host]);
  return JSON.stringify([time.getTime(), host, source, paths.toSorted()]);
}

/** Only repositories of one kind name content in the same way. */
function isSameTree({ tree }: Compared, { tree: other }: Compared): boolean {
  return tree === '' || other === '' || tree === other;
}
