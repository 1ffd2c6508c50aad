/** Looks whether the next backup and the next restore can work, without making either. */

import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { formatElapsed } from '../base/durations.ts';
import type { SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import type { OldDatabase, Warning } from '../sources/source.ts';
import { isNoPod } from './check-host/no-pod.ts';
import { toSuretyError } from './failure.ts';
import type { RepositoryHandle, SourceHandle } from './handles.ts';
import type { Shelf } from './locate/shelf.ts';

/** What can be asked of the place of a repository besides what an engine tells. */
export interface PlaceProbe {
  /** Writes, reads and removes a small file; throws when that is refused. */
  write(how: { readonly signal: AbortSignal }): Promise<void>;
  /** Bytes that can still be written, or undefined where nobody knows. */
  freeBytes(how: { readonly signal: AbortSignal }): Promise<number | undefined>;
}

export interface CheckRequest {
  readonly repositories: readonly (RepositoryHandle & { readonly probe: PlaceProbe })[];
  /** With the host that they are on. They are compared with their newest snapshots in `repositories`. */
  readonly sources: readonly CheckedSource[];
  /** Names of sources that no job backs up. */
  readonly withoutJob: readonly string[];
}

export interface CheckedSource extends SourceHandle {
  readonly host: string;
  /** Hooks of the backup give it its pods: that there are none now is as it should be. */
  readonly isScaledUp?: boolean;
  /** Throws when its host can not be reached: some sources touch nothing there before they are read. */
  readonly reachHost?: (how: { readonly signal: AbortSignal }) => Promise<void>;
}

export interface Check {
  /** `opens`, `snapshots`, `writable`, `free space`, `clock`, `readable`, `restorable`, `left over`, `job`. */
  readonly what: string;
  /** `repository vault`, `source media`. */
  readonly subject: string;
  /** `note`: no backup is the worse for it, but a restore would be. */
  readonly status: 'ok' | 'note' | 'warning' | 'failed';
  readonly detail: string;
  readonly hint: string | undefined;
}

export interface CheckReport {
  readonly outcome: 'ok' | 'warnings' | 'failed';
  readonly checks: readonly Check[];
}

interface CheckHow {
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

const LOW_SPACE_BYTES = 1024 ** 3;
/** Clocks of two machines may differ by this much. */
export const CLOCK_TOLERANCE_MS = 10 * 60_000;

/** Never throws but for an abort: what is wrong is in the checks. */
export async function check(request: CheckRequest, how: CheckHow): Promise<CheckReport> {
  const ofRepositories: Check[] = [];
  const shelves: Shelf[] = [];
  for (const repository of request.repositories) {
    const { checks, shelf } = await checkRepository(repository, how);
    ofRepositories.push(...checks);
    if (shelf !== undefined) shelves.push(shelf);
  }
  const checks: Check[] = [];
  for (const source of request.sources) checks.push(...(await checkSource(source, request, shelves, how)));
  checks.push(...ofRepositories);
  const statuses = new Set(checks.map((one) => one.status));
  return { outcome: statuses.has('failed') ? 'failed' : statuses.has('warning') ? 'warnings' : 'ok', checks };
}

async function checkSource(
  handle: CheckedSource,
  { withoutJob }: CheckRequest,
  shelves: readonly Shelf[],
  how: CheckHow,
): Promise<Check[]> {
  const subject = `source ${handle.name}`;
  const readable = await attempt({ subject, what: 'readable' }, how, () => lookInto(handle, shelves, how));
  const wasRead = readable.status === 'ok' || readable.status === 'warning';
  const outlook = wasRead ? await checkOutlook(handle, subject, how) : [];
  if (!withoutJob.includes(handle.name)) return [readable, ...outlook];
  const job = warning('no job backs it up', 'add it to the sources of a job');
  return [readable, ...outlook, { subject, what: 'job', ...job }];
}

async function lookInto(handle: CheckedSource, shelves: readonly Shelf[], how: CheckHow): Promise<Finding> {
  const warnings: string[] = [];
  const warn = ({ message }: Warning) => warnings.push(message);
  try {
    await handle.reachHost?.(how);
    const source = await handle.open(how);
    const previous = await newestFacts(handle, shelves, how);
    await using reading = await source.read({ signal: how.signal, warn, previous, look: true });
    const detail = `${reading.paths.join(', ')} on ${reading.host}`;
    return warnings.length === 0 ? ok(detail) : warning(`${detail}: ${warnings[0]}`, undefined);
  } catch (error) {
    if (!handle.isScaledUp || !isNoPod(error)) throw error;
    return {
      status: 'note',
      detail: 'not looked at: it has no pod until a hook of the backup scales it up',
      hint: undefined,
    };
  }
}

/** What a restore into a server would meet. Who may only read is asked for nothing more by a backup: that is a note. */
async function checkOutlook(handle: CheckedSource, subject: string, how: CheckHow): Promise<Check[]> {
  const source = await handle.open(how);
  if (source.restoreOutlook === undefined) return [];
  let old: readonly OldDatabase[] = [];
  const restorable = await attempt({ subject, what: 'restorable' }, how, async () => {
    const outlook = await source.restoreOutlook!(how);
    old = outlook.old;
    const { obstacle } = outlook;
    if (obstacle === undefined) return ok('nothing is known that would be in the way');
    return { status: 'note', detail: withoutPrefix(obstacle.message, `${handle.name}: `), hint: obstacle.hint };
  });
  if (old.length === 0) return [restorable];
  const sizeBytes = old.reduce((sum, one) => sum + (one.sizeBytes ?? 0), 0);
  const databases = old.length === 1 ? '1 database' : `${old.length} databases`;
  const left = ok(`${databases} of earlier restores, ${formatBytes(sizeBytes)}: surety restore --list-old`);
  return [restorable, { subject, what: 'left over', ...left }];
}

function withoutPrefix(message: string, prefix: string): string {
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** What the newest snapshot recorded. When that is damaged, it is not for the source to say so. */
async function newestFacts({ name, host }: CheckedSource, shelves: readonly Shelf[], how: CheckHow) {
  const own = shelves.flatMap(({ engine, snapshots }) =>
    snapshots.filter((one) => one.source === name && one.host === host).map((snapshot) => ({ engine, snapshot })),
  );
  const newest = own.reduce<(typeof own)[number] | undefined>(
    (best, one) => (best === undefined || one.snapshot.time >= best.snapshot.time ? one : best),
    undefined,
  );
  try {
    return await newest?.engine.facts(newest.snapshot, how);
  } catch {
    how.signal.throwIfAborted();
    return undefined;
  }
}

interface CheckedRepository {
  readonly checks: readonly Check[];
  /** Undefined when it can not be opened or listed. */
  readonly shelf: Shelf | undefined;
}

async function checkRepository(
  repository: CheckRequest['repositories'][number],
  how: CheckHow,
): Promise<CheckedRepository> {
  const subject = `repository ${repository.name}`;
  let engine: Engine | undefined;
  const opens = await attempt({ subject, what: 'opens' }, how, async () => {
    engine = await repository.open(how);
    return ok(repository.location);
  });
  if (engine === undefined) return { checks: [opens], shelf: undefined };
  const opened = engine;
  let shelf: Shelf | undefined;
  const checks = [
    opens,
    await attempt({ subject, what: 'snapshots' }, how, async () => {
      const listing = await opened.list(how);
      shelf = { repository, engine: opened, snapshots: listing.snapshots };
      return judgeSnapshots(listing, how);
    }),
    await attempt({ subject, what: 'writable' }, how, async () => {
      await repository.probe.write(how);
      return ok('a file can be written, read and removed');
    }),
    await attempt({ subject, what: 'free space' }, how, async () => judgeSpace(await repository.probe.freeBytes(how))),
  ];
  return { checks, shelf };
}

type Finding = Pick<Check, 'status' | 'detail' | 'hint'>;

async function attempt(
  head: Pick<Check, 'subject' | 'what'>,
  how: CheckHow,
  look: () => Promise<Finding>,
): Promise<Check> {
  try {
    return { ...head, ...(await look()) };
  } catch (thrown) {
    how.signal.throwIfAborted();
    const error: SuretyError = toSuretyError(thrown, head.subject, how.signal);
    const detail = error.message.slice(head.subject.length + 2);
    return { ...head, status: 'failed', detail, hint: error.hint };
  }
}

function judgeSnapshots({ snapshots, unreadable }: Awaited<ReturnType<Engine['list']>>, how: CheckHow): Finding {
  if (unreadable.length > 0) {
    const names = unreadable.slice(0, 3).map(({ id }) => shortId(id));
    return failed(
      `${unreadable.length} can not be read: ${names.join(', ')}`,
      'run `surety verify` to see what is damaged',
    );
  }
  const newest = snapshots.at(-1);
  if (newest === undefined) return ok('none yet');
  return judgeNewest(newest, snapshots.length, how.clock.now());
}

function judgeNewest(newest: Snapshot, count: number, now: Date): Finding {
  const ageMs = now.getTime() - newest.time.getTime();
  if (ageMs < -CLOCK_TOLERANCE_MS) {
    return failed(
      `the newest is dated ${newest.time.toISOString()}, in the future`,
      'correct the clock of this machine, or of the one that wrote the snapshot: cleanup refuses until then',
    );
  }
  return ok(`${count}, the newest ${formatElapsed(Math.max(0, ageMs))} old`);
}

function judgeSpace(freeBytes: number | undefined): Finding {
  if (freeBytes === undefined) return ok('not known for this kind of store');
  if (freeBytes >= LOW_SPACE_BYTES) return ok(formatBytes(freeBytes));
  return warning(`only ${formatBytes(freeBytes)} left`, 'make room, or run `surety cleanup`');
}

function ok(detail: string): Finding {
  return { status: 'ok', detail, hint: undefined };
}

function warning(detail: string, hint: string | undefined): Finding {
  return { status: 'warning', detail, hint };
}

function failed(detail: string, hint: string | undefined): Finding {
  return { status: 'failed', detail, hint };
}
