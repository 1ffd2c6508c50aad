/** What a repository says about itself for an overview, or what is remembered of it where it does not answer. */
import { SuretyError } from '../../base/errors.ts';
import { limitTime } from '../../base/time-limit.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { FailedBackup } from '../../engines/engine.ts';
import { toSuretyError } from '../failure.ts';
import type { RepositoryHandle } from '../handles.ts';
import { type SnapshotState, snapshotStates } from '../snapshot-states.ts';
import type { MeasureUsage, Usage } from './usage.ts';

export interface StatusRepository extends RepositoryHandle {
  /** Undefined: it is not measured. */
  readonly usage?: MeasureUsage | undefined;
}

/** A snapshot as far as an overview goes. */
export interface SeenSnapshot extends SnapshotState {
  readonly repository: string;
  readonly id: string;
  readonly source: string;
  readonly host: string;
  readonly paths: readonly string[];
  readonly time: Date;
  readonly recoveryPoint: string;
  readonly sizeBytes: number | undefined;
  /** What was stored for it alone; undefined where it shares that with others, or nobody knows. */
  readonly storedBytes: number | undefined;
}

export interface SeenRepository {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  /** `catalog`: it did not answer, and this is what this machine remembers. */
  readonly from: 'repository' | 'catalog';
  /** Oldest first. */
  readonly snapshots: readonly SeenSnapshot[];
  /** Records of failed backups that it holds. */
  readonly failures: readonly FailedBackup[];
  readonly unreadable: number;
  readonly incomplete: number;
  readonly usage: Usage | undefined;
  readonly error: SuretyError | undefined;
}

/** An overview does not wait longer for a repository than a person does. */
const PATIENCE_MS = 30_000;

/** Never throws but for an abort. */
export async function seeRepository(
  handle: StatusRepository,
  catalog: Catalog | undefined,
  how: { readonly signal: AbortSignal },
): Promise<SeenRepository> {
  const { name, kind, location } = handle;
  using limit = limitTime(how.signal, PATIENCE_MS, () => slow(handle));
  try {
    const [seen, usage] = await Promise.all([look(handle, catalog, limit), measure(handle, limit)]);
    return { repository: name, kind, location, from: 'repository', ...seen, usage, error: undefined };
  } catch (thrown) {
    how.signal.throwIfAborted();
    const reason: unknown = limit.signal.aborted ? limit.signal.reason : thrown;
    const error = toSuretyError(reason, `repository ${name}`, how.signal);
    const snapshots = await rememberedSnapshots(name, catalog);
    const nothing = { failures: [], unreadable: 0, incomplete: 0, usage: undefined };
    return { repository: name, kind, location, from: 'catalog', snapshots, ...nothing, error };
  }
}

function slow({ location }: RepositoryHandle): SuretyError {
  return new SuretyError('store.unavailable', `${location} did not answer within ${PATIENCE_MS / 1000} s`, {
    hint: 'look at the connection, or leave the repository out with --repository',
    retry: 'later',
  });
}

async function look(handle: RepositoryHandle, catalog: Catalog | undefined, how: { readonly signal: AbortSignal }) {
  const engine = await handle.open(how);
  const { snapshots, failures = [], unreadable, incomplete = [] } = await engine.list(how);
  const stateOf = await snapshotStates(catalog, handle.name);
  const alone = !engine.traits.deduplicates;
  const seen = snapshots.map(({ id, source, host, paths, time, recoveryPoint, stats }): SeenSnapshot => {
    const sizes = { sizeBytes: stats?.sizeBytes, storedBytes: alone ? stats?.storedBytes : undefined };
    return { repository: handle.name, id, source, host, paths, time, recoveryPoint, ...sizes, ...stateOf(id) };
  });
  return { snapshots: seen, failures, unreadable: unreadable.length, incomplete: incomplete.length };
}

/** A size that can not be told is no reason not to tell the rest. */
async function measure({ usage }: StatusRepository, how: { readonly signal: AbortSignal }): Promise<Usage | undefined> {
  try {
    return await usage?.(how);
  } catch {
    return undefined;
  }
}

/** As the catalog has them; never throws. */
export async function rememberedSnapshots(
  repository: string,
  catalog: Catalog | undefined,
): Promise<readonly SeenSnapshot[]> {
  if (catalog === undefined) return [];
  try {
    const stateOf = await snapshotStates(catalog, repository);
    const known = await catalog.snapshots({ repository });
    return known.map(({ id, source, host, paths, time, recoveryPoint, sizeBytes }) => {
      return {
        repository,
        id,
        source,
        host,
        paths,
        time,
        recoveryPoint,
        sizeBytes,
        storedBytes: undefined,
        ...stateOf(id),
      };
    });
  } catch {
    return [];
  }
}
