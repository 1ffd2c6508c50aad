/** Puts whole copies of snapshots in the place of those that can not be made whole piece by piece. */
import { messageOf, SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import { type Copied, copyContents, openCopier } from './copy/copy-snapshot.ts';
import type { RepositoryHandle } from './handles.ts';
import type { Replaced } from './heal-result.ts';
import { samenessKey } from './same-snapshot.ts';
import type { SnapshotResult } from './snapshot-results.ts';
import type { StepTools } from './step.ts';

export interface Replacing {
  /** Of the repository in which they are bad. */
  readonly engine: Engine;
  readonly repository: string;
  /** Where the same snapshots may be. */
  readonly from: readonly RepositoryHandle[];
  readonly catalog: Catalog | undefined;
  readonly dryRun: boolean;
  /** Told before a snapshot is removed. */
  readonly onForget: (id: string) => void;
}

/**
 * Copies each of them anew from a repository that has it whole, looks at the copy, and only then takes the bad one away. What is stored for the copy
 * may be all that the bad one lacked: then that one stays. One that is nowhere else stays as it is.
 */
export async function replaceSnapshots(
  bad: readonly Pick<SnapshotResult, 'id'>[],
  replacing: Replacing,
  tools: StepTools,
): Promise<readonly Replaced[]> {
  const wanted = await keysOf(bad, replacing, tools);
  const replaced: Replaced[] = [];
  for (const handle of wanted.size === 0 ? [] : replacing.from) {
    try {
      const other = await handle.open(tools);
      const { snapshots } = await other.list(tools);
      for (const [id, { key, snapshot }] of [...wanted]) {
        const copy = snapshots.findLast((one) => samenessKey(one) === key);
        if (copy === undefined || other.traits.id === replacing.engine.traits.id) continue;
        const by = await replaceOne({ ...replacing, handle, other, copy, id, snapshot }, tools);
        if (by === undefined) continue;
        wanted.delete(id);
        replaced.push({ snapshot: id, by, from: handle.name });
      }
    } catch (error) {
      tools.signal.throwIfAborted();
      if (error instanceof SuretyError && error.code === 'repository.locked') throw error;
      tools.warn(notUsed(handle, error));
    }
  }
  return replaced;
}

function notUsed({ name }: RepositoryHandle, error: unknown) {
  return { code: 'heal.passed-over', path: '', message: `repository ${name} can not be used: ${messageOf(error)}` };
}

interface Wanted {
  readonly key: string;
  /** Undefined where it can not be read. */
  readonly snapshot: Snapshot | undefined;
}

/** Of what can not be read only the catalog knows what it was. */
async function keysOf(
  bad: readonly Pick<SnapshotResult, 'id'>[],
  { engine, repository, catalog }: Replacing,
  tools: StepTools,
): Promise<Map<string, Wanted>> {
  const wanted = new Map<string, Wanted>();
  if (bad.length === 0) return wanted;
  const { snapshots } = await engine.list(tools);
  const known = (await catalog?.snapshots({ repository }).catch(() => [])) ?? [];
  for (const { id } of bad) {
    const snapshot = snapshots.find((one) => one.id === id);
    const named = snapshot ?? known.find((one) => one.id === id);
    if (named !== undefined) wanted.set(id, { key: samenessKey(named), snapshot });
  }
  return wanted;
}

interface ReplacingOne extends Replacing, Pick<Wanted, 'snapshot'> {
  readonly id: string;
  readonly handle: RepositoryHandle;
  readonly other: Engine;
  readonly copy: Snapshot;
}

/** Returns the id of the whole snapshot, or undefined when this repository has not got it whole either. */
async function replaceOne(one: ReplacingOne, tools: StepTools): Promise<string | undefined> {
  const { engine, id, snapshot, dryRun, onForget } = one;
  if (dryRun) return '';
  // What was stored for another one may be all that this one lacked.
  const isMended = async () =>
    snapshot !== undefined && engine.traits.deduplicates && (await isWhole(engine, id, [], tools));
  if (await isMended()) return id;
  let made: Made;
  try {
    made = await copyAnew(one, tools);
  } catch (error) {
    tools.signal.throwIfAborted();
    tools.warn(notUsed(one.handle, error));
    return undefined;
  }
  const isOwnWhole = await isMended();
  const going = isOwnWhole ? made.id : id;
  onForget(going);
  await engine.forget([going], tools);
  return isOwnWhole ? id : made.id;
}

interface Made {
  readonly id: string;
}

async function copyAnew(one: ReplacingOne, tools: StepTools): Promise<Made> {
  const { engine, copy } = one;
  const { snapshot, files, already } = await copyOne(one, tools);
  if (await isWhole(engine, snapshot.id, files, tools)) return snapshot;
  if (!already) await engine.forget([snapshot.id], tools);
  throw new SuretyError('repository.damaged', `the copy of snapshot ${shortId(copy.id)} is not whole`);
}

/** One that can be read has most of its content still, cut as it is here, and maybe tags that only it has. */
async function copyOne({ engine, other, handle, copy, snapshot }: ReplacingOne, tools: StepTools): Promise<Copied> {
  if (snapshot !== undefined) return await copyContents(other, { ...copy, tags: snapshot.tags }, engine, tools);
  await using copier = openCopier(engine, tools.signal);
  return await copier.copy({ repository: handle, engine: other, snapshot: copy }, false, tools);
}

async function isWhole(engine: Engine, id: string, files: readonly string[], tools: StepTools): Promise<boolean> {
  const { signal, progress } = tools;
  const canRead = files.length > 0 && engine.traits.can.has('verify-data');
  const how = canRead ? ({ depth: 'data', subset: { files } } as const) : ({ depth: 'structure' } as const);
  return (await engine.verify({ signal, progress, snapshots: [id], ...how })).problems.length === 0;
}
