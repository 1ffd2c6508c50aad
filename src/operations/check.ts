/** Looks whether the next backup and the next restore can work, without making either. */
import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { formatElapsed } from '../base/durations.ts';
import type { SuretyError } from '../base/errors.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import { toSuretyError } from './failure.ts';
import type { RepositoryHandle, SourceHandle } from './handles.ts';

/** What can be asked of the place of a repository besides what an engine tells. */
export interface PlaceProbe {
  /** Writes, reads and removes a small file; throws when that is refused. */
  write(how: { readonly signal: AbortSignal }): Promise<void>;
  /** Bytes that can still be written, or undefined where nobody knows. */
  freeBytes(): Promise<number | undefined>;
}

export interface CheckRequest {
  readonly repositories: readonly (RepositoryHandle & { readonly probe: PlaceProbe })[];
  readonly sources: readonly SourceHandle[];
  /** Names of sources that no job backs up. */
  readonly withoutJob: readonly string[];
}

export interface Check {
  /** `opens`, `snapshots`, `writable`, `free space`, `clock`, `readable`, `job`. */
  readonly what: string;
  /** `repository vault`, `source media`. */
  readonly subject: string;
  readonly status: 'ok' | 'warning' | 'failed';
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
  const checks: Check[] = [];
  for (const source of request.sources) checks.push(...(await checkSource(source, request, how)));
  for (const repository of request.repositories) checks.push(...(await checkRepository(repository, how)));
  const statuses = new Set(checks.map((one) => one.status));
  return { outcome: statuses.has('failed') ? 'failed' : statuses.has('warning') ? 'warnings' : 'ok', checks };
}

async function checkSource(handle: SourceHandle, { withoutJob }: CheckRequest, how: CheckHow): Promise<Check[]> {
  const subject = `source ${handle.name}`;
  const readable = await attempt({ subject, what: 'readable' }, how, async () => {
    const warnings: string[] = [];
    const source = await handle.open(how);
    const reading = await source.read({ signal: how.signal, warn: ({ message }) => warnings.push(message) });
    await using _ = reading;
    const detail = `${reading.paths.join(', ')} on ${reading.host}`;
    return warnings.length === 0 ? ok(detail) : warning(`${detail}: ${warnings[0]}`, undefined);
  });
  if (!withoutJob.includes(handle.name)) return [readable];
  const job = warning('no job backs it up', 'add it to the sources of a job');
  return [readable, { subject, what: 'job', ...job }];
}

async function checkRepository(repository: CheckRequest['repositories'][number], how: CheckHow): Promise<Check[]> {
  const subject = `repository ${repository.name}`;
  let engine: Engine | undefined;
  const opens = await attempt({ subject, what: 'opens' }, how, async () => {
    engine = await repository.open(how);
    return ok(repository.location);
  });
  if (engine === undefined) return [opens];
  const opened = engine;
  return [
    opens,
    await attempt({ subject, what: 'snapshots' }, how, () => checkSnapshots(opened, how)),
    await attempt({ subject, what: 'writable' }, how, async () => {
      await repository.probe.write(how);
      return ok('a file can be written, read and removed');
    }),
    await attempt({ subject, what: 'free space' }, how, async () => judgeSpace(await repository.probe.freeBytes())),
  ];
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

async function checkSnapshots(engine: Engine, how: CheckHow): Promise<Finding> {
  const { snapshots, unreadable } = await engine.list(how);
  if (unreadable.length > 0) {
    const names = unreadable.slice(0, 3).map(({ id }) => id.slice(0, 8));
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
