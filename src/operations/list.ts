/** Lists what repositories hold. */
import type { SuretyError } from '../base/errors.ts';
import type { Snapshot } from '../engines/engine.ts';
import type { Outcome } from './events.ts';
import { toSuretyError } from './failure.ts';
import type { RepositoryHandle } from './handles.ts';
import { jobOf, type RecoveryPoint, recoveryPoints } from './recovery-point.ts';

export interface ListRequest {
  readonly repositories: readonly RepositoryHandle[];
  /** Only snapshots of this source. */
  readonly source?: string | undefined;
  /** Only snapshots of this job. */
  readonly job?: string | undefined;
  /** Only the newest so many of each repository. */
  readonly last?: number | undefined;
}

export interface RepositoryListing {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Of all the repository's snapshots, whatever was asked for: completeness can not be told from a part. */
  readonly points: readonly RecoveryPoint[];
  readonly unreadable: readonly { readonly id: string; readonly error: Error }[];
  readonly error: SuretyError | undefined;
}

export interface ListReport {
  readonly outcome: Outcome;
  readonly repositories: readonly RepositoryListing[];
}

/** A repository that can not be listed has its error in its entry and does not hide the others. */
export async function list(request: ListRequest, how: { readonly signal: AbortSignal }): Promise<ListReport> {
  const repositories: RepositoryListing[] = [];
  for (const repository of request.repositories) repositories.push(await listRepository(repository, request, how));
  const failed = repositories.some((one) => one.error !== undefined || one.unreadable.length > 0);
  return { outcome: failed ? 'failed' : 'ok', repositories };
}

async function listRepository(
  handle: RepositoryHandle,
  request: ListRequest,
  how: { readonly signal: AbortSignal },
): Promise<RepositoryListing> {
  const head = { repository: handle.name, kind: handle.kind, location: handle.location };
  try {
    const engine = await handle.open(how);
    const { snapshots, unreadable } = await engine.list(how);
    const wanted = snapshots.filter((snapshot) => isWanted(snapshot, request));
    const shown = request.last === undefined ? wanted : wanted.slice(-request.last);
    return { ...head, snapshots: shown, points: recoveryPoints(snapshots), unreadable, error: undefined };
  } catch (thrown) {
    how.signal.throwIfAborted();
    const error = toSuretyError(thrown, `repository ${handle.name}`, how.signal);
    return { ...head, snapshots: [], points: [], unreadable: [], error };
  }
}

function isWanted(snapshot: Snapshot, { source, job }: ListRequest): boolean {
  return (source === undefined || snapshot.source === source) && (job === undefined || jobOf(snapshot) === job);
}
