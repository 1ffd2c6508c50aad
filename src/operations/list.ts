/** Lists what repositories hold. */
import type { SuretyError } from '../base/errors.ts';
import type { Catalog, SnapshotRecord } from '../catalog/catalog.ts';
import type { Listing, Snapshot } from '../engines/engine.ts';
import type { Outcome } from './events.ts';
import { toSuretyError } from './failure.ts';
import type { RepositoryHandle } from './handles.ts';
import { type ListedFailure, listedFailures } from './list/listed-failures.ts';
import {
  hasStatus,
  isWithin,
  type Known,
  type ListedSnapshot,
  type ListFilter,
  listedSnapshot,
  type SnapshotType,
  statusOf,
} from './list/listed-snapshot.ts';
import { type Pins, pinsOf } from './pins.ts';
import { jobOf, type RecoveryPoint, recoveryPoints } from './recovery-point.ts';
import { samenessKey } from './same-snapshot.ts';
import { snapshotStates } from './snapshot-states.ts';

export interface ListRequest extends ListFilter {
  readonly repositories: readonly RepositoryHandle[];
  /** Only the newest so many snapshots of each repository. */
  readonly last?: number | undefined;
  /** Undefined: newest first. */
  readonly order?: 'oldest-first' | undefined;
  /** Undefined: nothing is known but what the repositories tell. */
  readonly catalog?: Catalog | undefined;
  /** What kind of thing a configured source is. */
  readonly typeOf: (source: string) => SnapshotType | undefined;
  readonly now: Date;
}

export interface RepositoryListing {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  /** Newest first, unless asked for otherwise. */
  readonly snapshots: readonly ListedSnapshot[];
  /** Of all the repository's snapshots, whatever was asked for: completeness can not be told from a part. */
  readonly points: readonly RecoveryPoint[];
  /** Backups that failed, in the order of the snapshots. They are none. */
  readonly failures: readonly ListedFailure[];
  /** Files that belong to no snapshot. */
  readonly incomplete: readonly string[];
  readonly unreadable: readonly { readonly id: string; readonly error: Error }[];
  readonly error: SuretyError | undefined;
}

export interface ListReport {
  readonly outcome: Outcome;
  readonly repositories: readonly RepositoryListing[];
}

/** A repository that can not be listed has its error in its entry and does not hide the others. */
export async function list(request: ListRequest, how: { readonly signal: AbortSignal }): Promise<ListReport> {
  const read = await Promise.all(request.repositories.map((repository) => readListing(repository, request.now, how)));
  const remembered = (await request.catalog?.snapshots({}).catch(() => [])) ?? [];
  const copies = whereCopiesAre(read, remembered);
  const sizeOf = knownSizes(read, remembered);
  const repositories = await Promise.all(read.map((one) => describe(one, { copies, sizeOf }, request)));
  const failed = repositories.some((one) => one.error !== undefined || one.unreadable.length > 0);
  return { outcome: failed ? 'failed' : 'ok', repositories };
}

interface Read {
  readonly handle: RepositoryHandle;
  readonly listing: Listing;
  readonly error: SuretyError | undefined;
  readonly pins: Pins;
}

async function readListing(handle: RepositoryHandle, now: Date, how: { readonly signal: AbortSignal }): Promise<Read> {
  try {
    const engine = await handle.open(how);
    const listing = await engine.list(how);
    const pins = await pinsOf(engine, listing.snapshots, { signal: how.signal, now });
    return { handle, listing, error: undefined, pins };
  } catch (thrown) {
    how.signal.throwIfAborted();
    const error = toSuretyError(thrown, `repository ${handle.name}`, how.signal);
    return { handle, listing: { snapshots: [], unreadable: [] }, error, pins: new Map() };
  }
}

/** From the listings; of repositories that were not listed, or could not be, as far as the catalog remembers. */
function whereCopiesAre(
  read: readonly Read[],
  remembered: readonly SnapshotRecord[],
): ReadonlyMap<string, readonly string[]> {
  const copies = new Map<string, string[]>();
  const add = (repository: string, one: Snapshot | SnapshotRecord) => {
    const known = copies.get(samenessKey(one)) ?? [];
    if (!known.includes(repository)) copies.set(samenessKey(one), [...known, repository]);
  };
  for (const { handle, listing } of read) for (const one of listing.snapshots) add(handle.name, one);
  const listed = new Set(read.filter(({ error }) => error === undefined).map(({ handle }) => handle.name));
  for (const one of remembered) if (!listed.has(one.repository)) add(one.repository, one);
  return copies;
}

/** Some repositories do not say how large a snapshot is; another one that has it may, or the run that made it did. */
function knownSizes(read: readonly Read[], remembered: readonly SnapshotRecord[]): Known['sizeOf'] {
  const sizes = new Map<string, number>();
  const know = (one: Snapshot | SnapshotRecord, sizeBytes: number | undefined) => {
    // Without a recovery point two of one second may look the same.
    if (sizeBytes !== undefined && one.recoveryPoint !== '') sizes.set(samenessKey(one), sizeBytes);
  };
  for (const one of remembered) know(one, one.sizeBytes);
  for (const { listing } of read) for (const one of listing.snapshots) know(one, one.stats?.sizeBytes);
  return (snapshot) => snapshot.stats?.sizeBytes ?? sizes.get(samenessKey(snapshot));
}

async function describe(
  { handle, listing, error, pins }: Read,
  everywhere: Pick<Known, 'copies' | 'sizeOf'>,
  request: ListRequest,
): Promise<RepositoryListing> {
  const { name, kind, location } = handle;
  const { catalog, now, typeOf } = request;
  const points = recoveryPoints(listing.snapshots);
  const incomplete = new Set(points.filter((point) => !point.complete).map(({ id }) => id));
  const known = { now, stateOf: await snapshotStates(catalog, name), ...everywhere, incomplete, typeOf, pins };
  const wanted = listing.snapshots.map((one) => listedSnapshot(one, known)).filter((one) => isWanted(one, request));
  const newest = wanted.reverse().slice(0, request.last);
  const failures = await wantedFailures(listing, newest.at(-1)?.time, { name, request });
  const ordered = <One>(all: One[]) => (request.order === 'oldest-first' ? all.reverse() : all);
  return {
    ...{ repository: name, kind, location, points, error },
    snapshots: ordered(newest),
    failures: ordered(failures),
    incomplete: hasStatus('incomplete', request) ? (listing.incomplete ?? []) : [],
    unreadable: listing.unreadable,
  };
}

function isWanted(one: ListedSnapshot, request: ListRequest): boolean {
  const { hosts, job, type } = request;
  return (
    isWithin(one, request) &&
    (hosts === undefined || hosts.includes(one.host)) &&
    (job === undefined || jobOf(one) === job) &&
    (type === undefined || one.type === type) &&
    hasStatus(statusOf(one), request)
  );
}

/** Where only the newest snapshots are shown, failures from before them are not either. */
async function wantedFailures(
  { failures = [] }: Listing,
  oldestShown: Date | undefined,
  { name, request }: { readonly name: string; readonly request: ListRequest },
): Promise<ListedFailure[]> {
  // A failed backup has no host, and tells nothing of its job.
  if (!hasStatus('failed', request) || request.hosts !== undefined || request.job !== undefined) return [];
  const all = await listedFailures(failures, { catalog: request.catalog, repository: name });
  const { last, type, typeOf } = request;
  return all.filter(
    (one) =>
      isWithin(one, request) &&
      (type === undefined || typeOf(one.source) === type) &&
      (last === undefined || oldestShown === undefined || one.time >= oldestShown),
  );
}
