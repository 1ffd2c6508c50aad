/** Snapshots that are to go and that a lock of the store still keeps. */
import type { Engine, KeptByLock } from '../engines/engine.ts';
import type { RepositoryDecision } from './keep-decision.ts';

/** The decision as it can be carried out: what is locked stays, and says until when. */
export async function withoutLocked(
  decision: RepositoryDecision,
  { service }: Engine,
  { signal }: { readonly signal: AbortSignal },
): Promise<RepositoryDecision> {
  const ids = decision.remove.map(({ snapshot }) => snapshot.id);
  if (ids.length === 0 || service?.locked === undefined) return decision;
  return keepLocked(decision, await service.locked(ids, { signal }));
}

/** The decision with these kept. */
export function keepLocked(decision: RepositoryDecision, locked: readonly KeptByLock[]): RepositoryDecision {
  if (locked.length === 0) return decision;
  const untilOf = new Map(locked.map(({ id, until }) => [id, until]));
  const stay = decision.remove.filter(({ snapshot }) => untilOf.has(snapshot.id));
  return {
    ...decision,
    keep: [
      ...decision.keep,
      ...stay.map(({ snapshot, reasons }) => ({
        snapshot,
        reasons: [lockReason(untilOf.get(snapshot.id)), ...reasons],
      })),
    ],
    remove: decision.remove.filter(({ snapshot }) => !untilOf.has(snapshot.id)),
  };
}

export function lockReason(until: Date | undefined): string {
  return until === undefined ? 'kept by object lock' : `kept by object lock until ${until.toISOString().slice(0, 19)}Z`;
}
