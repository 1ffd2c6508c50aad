/** Compares a repository with what the catalog remembers of it: what is lost without a trace shows nowhere else. */
import type { Catalog, RepositorySeen, SnapshotRecord } from '../catalog/catalog.ts';
import type { Engine, Listing } from '../engines/engine.ts';
import type { RepositoryHandle } from './handles.ts';

export interface Memory {
  readonly catalog: Catalog;
  /** Names of this machine and of the hosts that it backs up: what others stored, they may have removed. */
  readonly hosts: ReadonlySet<string>;
}

export interface Compared {
  readonly listing: Listing;
  /** Snapshots that this machine stored, that no cleanup of it removed, and that are not there. Oldest first. */
  readonly lost: readonly SnapshotRecord[];
  /** A sentence, when another repository is where the remembered one was. */
  readonly replaced: string | undefined;
}

/** What makes the catalog accept that snapshots are gone. */
export const LOST_HINT =
  'if another machine, or a program such as restic, removed it on purpose, run `surety catalog rebuild`, which accepts what is there';

interface Comparing {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  /** Undefined: nothing is missed. */
  readonly memory: Memory | undefined;
}

/** Lists the repository. A catalog that can not be read remembers nothing: the run goes on without it. */
export async function listAndCompare(
  { repository, engine, memory }: Comparing,
  how: { readonly signal: AbortSignal },
): Promise<Compared> {
  // In this order: what another process stores meanwhile is no loss, and neither is what a cleanup of ours removes.
  const before = await recall(memory, repository, engine);
  let listing = await engine.list(how);
  const replaced = replacement(before.seen, engine);
  if (absent(before, listing, engine).length === 0) return { listing, lost: [], replaced };
  // A list that was asked for ahead is older than what was remembered.
  listing = await engine.list(how);
  const missing = absent(before, listing, engine);
  const after = await recall(memory, repository, engine);
  const remembered = new Set(after.snapshots.map(({ id }) => id));
  return { listing, lost: missing.filter(({ id }) => remembered.has(id)), replaced };
}

function absent({ snapshots }: Recalled, listing: Listing, { traits }: Engine): readonly SnapshotRecord[] {
  const there = new Set([...listing.snapshots, ...listing.unreadable].map(({ id }) => id));
  const missing = snapshots.filter(({ id }) => !there.has(id));
  if (traits.replaces !== true) return missing;
  // A run that was killed after it replaced one did not come to tell.
  const isReplaced = (one: SnapshotRecord) =>
    listing.snapshots.some(({ source, time }) => source === one.source && time > one.time);
  return missing.filter((one) => !isReplaced(one));
}

/** `the snapshot of source media taken at 2026-11-20T03:07:00Z is gone, and no cleanup on this machine removed it`. */
export function lossOf({ source, time }: SnapshotRecord): string {
  return `the snapshot of source ${source} taken at ${isoTime(time)} is gone, and no cleanup on this machine removed it`;
}

interface Recalled {
  readonly seen: RepositorySeen | undefined;
  readonly snapshots: readonly SnapshotRecord[];
}

async function recall(memory: Memory | undefined, handle: RepositoryHandle, { traits }: Engine): Promise<Recalled> {
  if (memory === undefined) return { seen: undefined, snapshots: [] };
  const { catalog, hosts } = memory;
  try {
    const seen = await catalog.repository(handle.name, handle.location);
    const known = await catalog.snapshots({ repository: handle.name });
    const own = known.filter((one) => hosts.has(one.host) && one.recoveryPoint !== '');
    // Snapshots from before repositories were remembered have no id: they were in this one.
    return { seen, snapshots: own.filter(({ repositoryId: id }) => id === traits.id || id === '') };
  } catch {
    return { seen: undefined, snapshots: [] };
  }
}

function replacement(seen: RepositorySeen | undefined, { traits }: Engine): string | undefined {
  if (seen === undefined || seen.id === traits.id) return undefined;
  const { name, location, seenAt } = seen;
  return (
    `repository ${name} is not the one of ${isoTime(seenAt)}: another one is at ${location} now, ` +
    'and the snapshots of before are not in it'
  );
}

function isoTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
