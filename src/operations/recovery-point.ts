/** Recovery points as a repository alone tells them: snapshots grouped by the id their run gave them. */
import type { Snapshot } from '../engines/engine.ts';

const MEMBER_TAG = 'member=';
const JOB_TAG = 'job=';

/** Which of how many sources of its run a snapshot is of; `number` is from 1. */
export interface Place {
  readonly number: number;
  readonly of: number;
}

/** The tags that let a repository alone tell the job of a snapshot and whether its recovery point is complete. */
export function pointTags(job: string, { number, of }: Place): string[] {
  const place = `${MEMBER_TAG}${number}/${of}`;
  return job === '' ? [place] : [`${JOB_TAG}${job}`, place];
}

export interface RecoveryPoint {
  /** The id of the run; of a snapshot that Surety did not write, the snapshot's own id. */
  readonly id: string;
  readonly time: Date;
  /** '' when it is not known. */
  readonly job: string;
  /** How many sources the run had. */
  readonly expected: number;
  /** True when all of them are there. */
  readonly complete: boolean;
  /** In the order they were taken; one per source, the newest where there are several. */
  readonly members: readonly Snapshot[];
}

/** The recovery points of one repository's snapshots, oldest first. */
export function recoveryPoints(snapshots: readonly Snapshot[]): RecoveryPoint[] {
  const groups = new Map<string, Snapshot[]>();
  for (const snapshot of snapshots) {
    const id = snapshot.recoveryPoint === '' ? snapshot.id : snapshot.recoveryPoint;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [snapshot]);
    else group.push(snapshot);
  }
  return [...groups]
    .map(([id, group]) => toPoint(id, group))
    .sort((left, right) => left.time.getTime() - right.time.getTime());
}

function toPoint(id: string, group: readonly Snapshot[]): RecoveryPoint {
  const newest = [...new Map(group.map((snapshot) => [snapshot.source, snapshot])).values()];
  const members = newest.sort((left, right) => placeOf(left).number - placeOf(right).number);
  const first = members[0]!;
  const expected = placeOf(first).of;
  return {
    id,
    time: first.time,
    job: jobOf(first),
    expected,
    complete: members.length >= expected,
    members,
  };
}

/** Name of the job that made the snapshot, '' when it is not known. */
export function jobOf(snapshot: Snapshot): string {
  return tagValue(snapshot, JOB_TAG);
}

/** A snapshot that does not say so is the only one of its run. */
function placeOf(snapshot: Snapshot): Place {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(tagValue(snapshot, MEMBER_TAG));
  return match === null ? { number: 1, of: 1 } : { number: Number(match[1]), of: Number(match[2]) };
}

function tagValue(snapshot: Snapshot, prefix: string): string {
  return snapshot.tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length) ?? '';
}
