/** What `latest` means among the snapshots of several repositories. */
import { SuretyError } from '../../base/errors.ts';
import { listed } from '../../base/nearest.ts';
import { shortId } from '../../base/short-id.ts';
import type { Snapshot } from '../../engines/engine.ts';
import type { IsDamaged } from '../known-damage.ts';
import { recoveryPoints } from '../recovery-point.ts';
import { newestPoint } from './point-copies.ts';
import { better, type Found, type Shelf } from './shelf.ts';

/** The newest of a source; without a source, the newest recovery point: a complete one if there is any. */
export interface Latest {
  readonly latest: true;
  readonly source: string | undefined;
  /** Only what was taken on this host. Without it: on {@link Latest.here} where several hosts have the source. */
  readonly host: string | undefined;
  /** Only what was taken at or before. */
  readonly at: Date | undefined;
  /** Only snapshots with these ids: those known to restore. Of a recovery point, all members are. Undefined: any. */
  readonly proven?: ReadonlySet<string> | undefined;
  /** Not those that are known to be damaged, unless there are no others. */
  readonly isDamaged?: IsDamaged | undefined;
  /** Names of this machine and of the hosts that it backs up. */
  readonly here: ReadonlySet<string>;
}

/** Throws `snapshot.none`, and `snapshot.ambiguous` when only a guess could choose between hosts. */
export function newest(wanted: Latest, shelves: readonly Shelf[]): Found {
  const isCandidate = candidateTest(wanted, shelves);
  const candidates = shelves.flatMap(({ repository, engine, snapshots }): Found[] => {
    const fitting = snapshots.filter(isCandidate);
    if (wanted.source === undefined) {
      const points = recoveryPoints(fitting);
      return points.map((point) => ({ repository, engine, point, snapshots: point.members }));
    }
    const snapshot = fitting.at(-1);
    return snapshot === undefined ? [] : [{ repository, engine, point: undefined, snapshots: [snapshot] }];
  });
  const best =
    wanted.source === undefined
      ? newestPoint(
          wanted.proven === undefined ? candidates : candidates.filter(({ point }) => point?.complete === true),
        )
      : candidates.reduce<Found | undefined>(better, undefined);
  if (best === undefined) throw noneYet(wanted, shelves);
  return best;
}

/** Which snapshots `latest` may mean. */
function candidateTest(wanted: Latest, shelves: readonly Shelf[]): (snapshot: Snapshot) => boolean {
  const all = shelves.flatMap((shelf) => shelf.snapshots).filter((snapshot) => isOf(snapshot, wanted));
  // What another program put into the repository is meant only when there is nothing else.
  const foreign = all.every((snapshot) => snapshot.source === '');
  const known = all.filter((snapshot) => foreign || snapshot.source !== '');
  const hosts = hostsMeant(wanted, [...new Set(known.map((snapshot) => snapshot.host))]);
  const limit = wanted.at?.getTime() ?? Number.POSITIVE_INFINITY;
  return (snapshot) =>
    isOf(snapshot, wanted) &&
    (wanted.proven === undefined || wanted.proven.has(snapshot.id)) &&
    (foreign || snapshot.source !== '') &&
    (hosts === undefined || hosts.has(snapshot.host)) &&
    snapshot.time.getTime() <= limit;
}

function isOf(snapshot: Snapshot, { source }: Latest): boolean {
  return source === undefined || snapshot.source === source;
}

function hostsMeant({ here, host, source }: Latest, hosts: readonly string[]): ReadonlySet<string> | undefined {
  if (host !== undefined) return new Set([host]);
  if (hosts.length < 2) return undefined;
  if (hosts.some((one) => here.has(one))) return here;
  const what = source === undefined ? 'there are snapshots' : `source ${source} has snapshots`;
  throw new SuretyError(
    'snapshot.ambiguous',
    `${what} of the hosts ${listed(hosts, 'and')}, and this is ${[...here][0]}`,
    {
      hint: 'choose one with --host, or give an id',
    },
  );
}

function noneYet(wanted: Latest, shelves: readonly Shelf[]): SuretyError {
  const { source, host, at, proven } = wanted;
  const fitting = shelves
    .flatMap((shelf) => shelf.snapshots)
    .filter((one) => isOf(one, wanted) && (host === undefined || one.host === host));
  const of = source === undefined ? '' : ` of source ${source}`;
  const what = `there is no snapshot${of}${host === undefined ? '' : ` of host ${host}`}`;
  if (proven !== undefined && fitting.length > 0) {
    return new SuretyError(
      'snapshot.none',
      `${what} that was ever restored whole${at === undefined ? '' : ' so early'}`,
      {
        hint: 'leave out --proven; what is restored is checked all the same',
      },
    );
  }
  const oldest = fitting.toSorted((left, right) => left.time.getTime() - right.time.getTime())[0];
  if (oldest === undefined || at === undefined) {
    return new SuretyError('snapshot.none', what, {
      hint: 'make one with surety backup; surety list shows what there is',
    });
  }
  return new SuretyError('snapshot.none', `${what} at or before ${at.toISOString()}`, {
    hint: `the oldest one is ${shortId(oldest.id)} of ${oldest.time.toISOString().slice(0, 19)}Z`,
  });
}
