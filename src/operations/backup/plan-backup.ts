/** Says what a backup would do, and does nothing. */
import type { SuretyError } from '../../base/errors.ts';
import type { Snapshot } from '../../engines/engine.ts';
import { hookProgram } from '../../rules/hook.ts';
import type { BackupRequest, BackupSource } from '../backup.ts';
import type { OperationHow } from '../events.ts';
import { toSuretyError } from '../failure.ts';
import type { RepositoryHandle } from '../handles.ts';
import type { Hooked } from '../hooks.ts';
import { type Changes, compareEntries } from './compare-entries.ts';
import { planOrder, type Role } from './order.ts';

export interface BackupPlan {
  readonly job: string;
  /** `failed`: something could not be backed up as things are. */
  readonly outcome: 'ok' | 'failed';
  /** How many sources would be read at once. */
  readonly parallel: number;
  readonly hooks: PlannedHooks;
  /** In the order in which they would begin. */
  readonly sources: readonly PlannedSource[];
}

/** The programs of hooks, '' where a program is not plain to see. */
export interface PlannedHooks {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface PlannedSource {
  readonly source: string;
  readonly kind: string;
  readonly role: Role;
  /** Names of the sources that would have to end first. */
  readonly waitsFor: readonly string[];
  readonly hooks: PlannedHooks;
  readonly into: readonly PlannedMember[];
}

export interface PlannedMember {
  readonly repository: string;
  readonly location: string;
  /** The newest snapshot of the source there. */
  readonly previous: Pick<Snapshot, 'id' | 'time'> | undefined;
  /** Undefined where only a backup could tell: a dump is not made to be thrown away. */
  readonly changes: Changes | undefined;
  readonly error: SuretyError | undefined;
}

/** What can be looked at without any cost: only names, sizes and times are read. */
const CHEAP: readonly string[] = ['files'];

/** Throws only what `backup` would throw: a request that makes no sense. What stands in the way of a member is told of it. */
export async function planBackup(request: BackupRequest, how: OperationHow): Promise<BackupPlan> {
  const sources: PlannedSource[] = [];
  for (const { source, role, waitsFor } of planOrder(request.sources)) {
    const into: PlannedMember[] = [];
    for (const repository of request.repositories) into.push(await planMember(source, repository, how));
    const { name, kind, hooked } = source;
    sources.push({ source: name, kind, role, waitsFor, hooks: hooksOf(hooked), into });
  }
  const failed = sources.some(({ into }) => into.some(({ error }) => error !== undefined));
  const { job, parallel = 1, hooked } = request;
  return { job, outcome: failed ? 'failed' : 'ok', parallel, hooks: hooksOf(hooked), sources };
}

function hooksOf(hooked: Hooked | undefined): PlannedHooks {
  const { before = [], after = [] } = hooked?.hooks ?? {};
  return { before: before.map(hookProgram), after: after.map(hookProgram) };
}

async function planMember(
  source: BackupSource,
  repository: RepositoryHandle,
  how: OperationHow,
): Promise<PlannedMember> {
  const head = { repository: repository.name, location: repository.location };
  let previous: Snapshot | undefined;
  try {
    how.signal.throwIfAborted();
    const engine = await repository.open(how);
    const { snapshots } = await engine.list(how);
    previous = snapshots.findLast(({ source: name, host }) => name === source.name && host === source.host);
    if (!CHEAP.includes(source.kind)) return { ...head, previous, changes: undefined, error: undefined };
    const facts = previous === undefined ? undefined : await engine.facts(previous, how);
    const port = await source.open(how);
    await using reading = await port.read({ signal: how.signal, warn: () => {}, previous: facts, look: true });
    const before = previous === undefined ? none() : engine.entries(previous, { signal: how.signal });
    return { ...head, previous, changes: await compareEntries(before, reading.entries()), error: undefined };
  } catch (thrown) {
    const doing = `source ${source.name} into repository ${repository.name}`;
    return { ...head, previous, changes: undefined, error: toSuretyError(thrown, doing, how.signal) };
  }
}

async function* none(): AsyncGenerator<readonly never[]> {}
