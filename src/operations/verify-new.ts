/** Re-reads a snapshot right after it was made: what is not whole must not count as a backup. */
import type { Clock } from '../base/clock.ts';
import { messageOf, SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Engine, Progress, Snapshot, VerifyReport } from '../engines/engine.ts';

/** `no`: never. Undefined: as suits the repository. */
export type VerifyAfter = 'no' | 'structure' | 'data' | undefined;

export interface VerifiedNew {
  readonly depth: 'structure' | 'data';
  readonly startedAt: Date;
  readonly durationMs: number;
  /** Undefined when it could not be verified. */
  readonly report: VerifyReport | undefined;
  readonly error: Error | undefined;
}

interface VerifyNewHow {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly progress: (progress: Progress) => void;
  /** Of the data only these files of the repository, which makes it a look at the structure and at what is new. */
  readonly files?: readonly string[] | undefined;
}

/** How deep a new snapshot is re-read; undefined: not at all. */
export function depthAfter({ traits }: Engine, wanted: VerifyAfter): 'structure' | 'data' | undefined {
  if (wanted === 'no' || (wanted === undefined && !traits.readsBackNew)) return undefined;
  return traits.can.has('verify-data') ? (wanted ?? 'data') : 'structure';
}

/** Throws only when it is aborted: what is wrong is in the result. */
export async function verifyNew(
  engine: Engine,
  snapshot: Snapshot,
  depth: 'structure' | 'data',
  { signal, clock, progress, files }: VerifyNewHow,
): Promise<VerifiedNew> {
  const startedMs = clock.elapsedMs();
  const head: Pick<VerifiedNew, 'depth' | 'startedAt'> = {
    depth: files === undefined ? depth : 'structure',
    startedAt: clock.now(),
  };
  const part = files === undefined ? {} : { subset: { files } };
  const took = () => Math.round(clock.elapsedMs() - startedMs);
  try {
    const report = await engine.verify({ signal, progress, snapshots: [snapshot.id], depth, ...part });
    return { ...head, durationMs: took(), report, error: undefined };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = thrown instanceof Error ? thrown : new Error(messageOf(thrown));
    return { ...head, durationMs: took(), report: undefined, error };
  }
}

/** Why a snapshot does not count; undefined when it does. */
export function unproven(snapshot: Snapshot, { report, error }: VerifiedNew): SuretyError | undefined {
  const problems = report?.problems ?? [];
  if (error === undefined && problems.length === 0) return undefined;
  const what = error === undefined ? problems[0]!.message : messageOf(error);
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  const id = shortId(snapshot.id);
  const said = error === undefined ? 'is not whole' : 'could not be read back';
  return new SuretyError('backup.unproven', `the new snapshot ${id} ${said}: ${what}${more}`, {
    hint: `do not rely on it; surety verify ${id} --read-data tells all that is wrong`,
    cause: error,
    details: { snapshot: snapshot.id, ...(problems[0] === undefined ? {} : { problem: problems[0].code }) },
  });
}
