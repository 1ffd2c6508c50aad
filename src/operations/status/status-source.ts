/** What is known of one source, from the listings of the repositories and the catalog. */
import type { Catalog, RunRecord } from '../../catalog/catalog.ts';
import { type Due, nextDue, overdueSince } from '../../rules/overdue.ts';
import { judgeProtection, type ProtectionVerdict } from '../../rules/protection.ts';
import { type RestoreTime, restoreTime } from '../../rules/restore-time.ts';
import { type Outcome, worstOutcome } from '../events.ts';
import { samenessKey } from '../same-snapshot.ts';
import { oddAboutNewest } from '../unusual-backups.ts';
import { type Proofs, proofsOf, readingsOf } from './restore-measurements.ts';
import type { SeenRepository, SeenSnapshot } from './status-repository.ts';

export interface StatusSource {
  readonly name: string;
  /** `files`, `postgres`, … */
  readonly kind: string;
  /** How bad it is to lose it. */
  readonly importance: 'must' | 'should' | 'could';
  readonly rpoMs: number | undefined;
  readonly rtoMs: number | undefined;
  /** How long ago it may have been restored whole. */
  readonly proveEveryMs: number | undefined;
}

export interface SourceStatus extends StatusSource {
  readonly jobs: readonly string[];
  /** When it is backed up next by schedule; undefined where it has none. */
  readonly nextRun: Date | undefined;
  /** The newest backup that is not known to be damaged. */
  readonly newest: NewestBackup | undefined;
  /** Undefined where nothing is known of any. */
  readonly lastAttempt: LastAttempt | undefined;
  /** Last backups into a repository that failed and that none followed. */
  readonly failures: readonly { readonly repository: string; readonly time: Date; readonly message: string }[];
  readonly verifiedAt: Date | undefined;
  readonly provenAt: Date | undefined;
  /** Undefined where nothing was measured. */
  readonly restoreTime: RestoreTime | undefined;
  readonly verdict: ProtectionVerdict;
}

export interface NewestBackup {
  readonly repository: string;
  readonly snapshot: string;
  readonly time: Date;
  readonly ageSeconds: number;
  readonly sizeBytes: number | undefined;
  readonly state: SeenSnapshot['state'];
  /** Names of the repositories that have it. */
  readonly copies: readonly string[];
}

export interface LastAttempt {
  readonly time: Date;
  readonly outcome: Outcome;
}

export interface StatusJob {
  readonly name: string;
  readonly sources: readonly string[];
  /** Names of repositories. */
  readonly to: readonly string[];
  /** Undefined: it runs when somebody calls it. */
  readonly due: Due | undefined;
}

export interface Known {
  readonly repositories: readonly SeenRepository[];
  readonly jobs: readonly StatusJob[];
  /** Of each repository, by the names of sources. */
  readonly failures: ReadonlyMap<string, ReadonlyMap<string, { readonly time: Date; readonly message: string }>>;
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  readonly catalog: Catalog | undefined;
  /** Name of this machine. */
  readonly hosts: ReadonlySet<string>;
  readonly now: Date;
}

export async function sourceStatus(source: StatusSource, known: Known): Promise<SourceStatus> {
  const own = snapshotsOf(source.name, known);
  const good = own.filter(({ state }) => state !== 'bad');
  const newest = good.at(-1);
  const last = own.at(-1);
  const { provenAt } = await proofsIn(known.catalog, source.name);
  const jobs = known.jobs.filter(({ sources }) => sources.includes(source.name));
  const dues = jobs.flatMap(({ due }) => due ?? []);
  const facts = {
    ...{
      rpoMs: source.rpoMs,
      rtoMs: source.rtoMs,
      proveEveryMs: source.proveEveryMs,
      inJob: jobs.length > 0,
      provenAt,
    },
    newest: newest?.time,
    overdueSince: overdueSince(dues, newest?.time, known.now),
    damaged: last?.state === 'bad' && isAfter(last, newest) ? last.time : undefined,
    failures: failuresOf(source.name, own, known),
    verifiedAt: latest(own.map((one) => one.verifiedAt)),
    restoreTime: await restoreTimeOf(source.name, newest, known),
    odd: known.catalog === undefined ? [] : await oddAboutNewest(known.catalog, source.name),
  };
  const { failures, verifiedAt } = facts;
  return {
    ...source,
    jobs: jobs.map(({ name }) => name),
    nextRun: nextDue(dues, known.now),
    newest: newest === undefined ? undefined : toNewest(newest, good, known.now),
    lastAttempt: lastAttempt(source.name, own, failures, known.runs),
    ...{ failures, verifiedAt, provenAt, restoreTime: facts.restoreTime },
    verdict: judgeProtection(facts, known.now),
  };
}

/** Oldest first: those that no verification found damaged. */
export function goodSnapshots(source: string, known: Known): SeenSnapshot[] {
  return snapshotsOf(source, known).filter(({ state }) => state !== 'bad');
}

/** How long restoring `newest` is expected to take; with `from`, by restores from these repositories alone. */
export async function restoreTimeOf(
  source: string,
  newest: SeenSnapshot | undefined,
  { catalog }: Known,
  from?: readonly string[],
): Promise<RestoreTime | undefined> {
  if (newest === undefined) return undefined;
  const { restores } = await proofsIn(catalog, source, from);
  return restoreTime(newest, restores, await readingsIn(catalog, newest.repository));
}

/** Oldest first. Where this machine backs it up, a source of the same name on another one is another source. */
function snapshotsOf(source: string, { repositories, hosts }: Known): SeenSnapshot[] {
  const all = repositories.flatMap(({ snapshots }) => snapshots).filter((one) => one.source === source);
  const here = all.filter((one) => hosts.has(one.host));
  return (here.length > 0 ? here : all).toSorted((left, right) => left.time.getTime() - right.time.getTime());
}

function isAfter(one: SeenSnapshot, other: SeenSnapshot | undefined): boolean {
  return other === undefined || one.time > other.time;
}

/** A backup into the same repository that came after it ends a failure; if that is damaged, this is said by itself. */
function failuresOf(source: string, own: readonly SeenSnapshot[], { failures }: Known): SourceStatus['failures'] {
  return [...failures].flatMap(([repository, bySource]) => {
    const failure = bySource.get(source);
    if (failure === undefined) return [];
    const followed = own.some((one) => one.repository === repository && one.time > failure.time);
    return followed
      ? []
      : [{ repository, time: failure.time, message: withoutPlace(failure.message, source, repository) }];
  });
}

/** What a step puts in front of the message of its error is said already. */
function withoutPlace(message: string, source: string, repository: string): string {
  const place = `source ${source} into repository ${repository}: `;
  return message.startsWith(place) ? message.slice(place.length) : message;
}

function toNewest(newest: SeenSnapshot, good: readonly SeenSnapshot[], now: Date): NewestBackup {
  const { repository, id, time, sizeBytes, state } = newest;
  const key = samenessKey(newest);
  const copies = [...new Set(good.filter((one) => samenessKey(one) === key).map((one) => one.repository))];
  const ageSeconds = Math.round((now.getTime() - time.getTime()) / 1000);
  return { repository, snapshot: id, time, ageSeconds, sizeBytes, state, copies };
}

/** A run that goes on has no outcome yet. */
function lastAttempt(
  source: string,
  own: readonly SeenSnapshot[],
  failures: SourceStatus['failures'],
  runs: readonly RunRecord[],
): LastAttempt | undefined {
  const tries: LastAttempt[] = failures.map(({ time }) => ({ time, outcome: 'failed' }));
  for (const { verb, startedAt, members } of runs) {
    const outcomes = members.filter((one) => one.source === source).map(({ outcome }) => outcome);
    const [first] = outcomes;
    if (verb !== 'backup' || first === undefined) continue;
    tries.push({ time: startedAt, outcome: worstOutcome(outcomes) });
    break;
  }
  const last = own.at(-1);
  if (last !== undefined) tries.push({ time: last.time, outcome: last.state === 'bad' ? 'failed' : 'ok' });
  return tries.reduce<LastAttempt | undefined>(
    (found, one) => (found === undefined || one.time > found.time ? one : found),
    undefined,
  );
}

function latest(times: readonly (Date | undefined)[]): Date | undefined {
  const known = times.filter((time) => time !== undefined).map((time) => time.getTime());
  return known.length === 0 ? undefined : new Date(Math.max(...known));
}

async function proofsIn(catalog: Catalog | undefined, source: string, from?: readonly string[]): Promise<Proofs> {
  try {
    if (catalog !== undefined) return await proofsOf(catalog, source, from);
  } catch {
    // What the catalog does not tell is not known.
  }
  return { restores: [], provenAt: undefined };
}

async function readingsIn(catalog: Catalog | undefined, repository: string) {
  try {
    if (catalog !== undefined) return await readingsOf(catalog, repository);
  } catch {
    // What the catalog does not tell is not known.
  }
  return [];
}
