/** All that is checked before a restore writes anything. */
import { messageOf, SuretyError } from '../../base/errors.ts';
import { shortId } from '../../base/short-id.ts';
import type { Warning, WriteReport } from '../../sources/source.ts';
import type { OperationHow, Run } from '../events.ts';
import { toSuretyError } from '../failure.ts';
import type { RestoreItem, StoredSnapshot } from '../handles.ts';
import type { StepTools } from '../step.ts';
import type { OwnedFiles } from './owned-files.ts';
import { readBackStored } from './read-back-stored.ts';
import { expectSpace, type Need, type SpaceAt } from './space.ts';
import { from, isOfRepository, passedOver } from './write-copies.ts';
import { type Expected, totalOf, type WriteRequest, writeItem } from './write-item.ts';

export interface PrepareRequest extends WriteRequest {
  /** Undefined: the room at the target is not looked at. */
  readonly spaceAt?: SpaceAt | undefined;
}

export interface Prepared {
  /** From the first repository that has it whole. */
  readonly item: RestoreItem;
  /** What is known of it already. */
  readonly warnings: readonly Warning[];
  readonly expected: Expected | undefined;
}

/**
 * Nothing is written while the target would refuse any member or has no room for them. What is wrong with a member itself, such
 * as damage, is left to its own step where it goes to a place of its own: it must not keep the others from being restored. In
 * place it would leave a mixture of old and new, so there it ends the restore; and where existing files are going to be replaced,
 * the stored bytes are read back first.
 */
export async function prepareRestore(
  items: readonly RestoreItem[],
  request: PrepareRequest,
  { run, owned }: { readonly run: Run; readonly owned: OwnedFiles },
  how: OperationHow,
): Promise<readonly Prepared[]> {
  const prepared: Prepared[] = [];
  const needs: Need[] = [];
  for (const item of items) {
    const one = isPlain(items, request)
      ? { item, warnings: [], expected: await totalIn(item, how) }
      : await prepareItem(item, request, { run, owned }, how);
    prepared.push(one);
    const need = await needOf(one, request, how);
    if (need !== undefined) needs.push(need);
  }
  if (request.spaceAt !== undefined) await expectSpace(needs, request.spaceAt);
  return prepared;
}

/** One whole snapshot to an empty place is checked as it is written. */
function isPlain(items: readonly RestoreItem[], { target, conflict, select }: PrepareRequest): boolean {
  return items.length === 1 && target !== undefined && conflict === 'refuse' && select === undefined;
}

async function prepareItem(
  item: RestoreItem,
  request: PrepareRequest,
  { run, owned }: { readonly run: Run; readonly owned: OwnedFiles },
  how: OperationHow,
): Promise<Prepared> {
  const all: readonly StoredSnapshot[] = [item, ...(item.copies ?? [])];
  const warnings: Warning[] = [];
  let first: unknown;
  for (const [at, stored] of all.entries()) {
    const chosen = from(item, stored);
    try {
      const parts = request.target !== undefined && all.length === 1;
      const looked = await writeItem(chosen, { ...request, dryRun: true }, silent(how), { owned, parts });
      if (await mustReadBack(chosen, request, looked, how)) {
        await readBackStored(stored, request.select, watched(chosen, run, how));
      }
      const left = all.filter((one) => one !== stored);
      // Some can not tell before they have done it.
      const expected = looked.files > 0 ? looked : undefined;
      return { item: { ...chosen, copies: left }, warnings, expected };
    } catch (error) {
      how.signal.throwIfAborted();
      if (isRefusal(error) || (request.target === undefined && !isOfRepository(error))) throw named(error, item, how);
      first ??= error;
      const next = all[at + 1];
      if (next !== undefined) warnings.push(passedOver(stored, messageOf(error), next));
    }
  }
  if (request.target === undefined) throw named(first, item, how);
  return { item, warnings: [], expected: undefined };
}

function isRefusal(error: unknown): boolean {
  return error instanceof SuretyError && error.code.startsWith('target.');
}

function named(error: unknown, item: RestoreItem, how: OperationHow): SuretyError {
  return toSuretyError(error, doingOf(item), how.signal);
}

/** What an error is of: `snapshot ab12cd34 of media from repository vault`. */
export function doingOf({ repository, source, snapshot }: RestoreItem): string {
  return `snapshot ${shortId(snapshot.id)} of ${source.name} from repository ${repository.name}`;
}

/** A plan of this length can be the beginning of a longer one. */
const PLAN_MAX = 1000;

/**
 * Where something that exists is going to be replaced piece by piece. What is built beside the old one and swapped in when it
 * is whole needs no second reading: every byte is verified on its way.
 */
async function mustReadBack(
  item: RestoreItem,
  request: PrepareRequest,
  { plan }: WriteReport,
  how: OperationHow,
): Promise<boolean> {
  const { traits } = await item.source.open(how);
  const isSwapped = traits.companions !== undefined;
  if (traits.restoresIntoServer === true && request.target === undefined) return request.server?.inPlace === true;
  return !isSwapped && (plan.length >= PLAN_MAX || plan.some(({ action }) => action === 'overwrite'));
}

/** Shows how far the reading is, as part of the step that comes. */
function watched(item: RestoreItem, run: Run, how: OperationHow): StepTools {
  const { repository, source, snapshot } = item;
  const step = { repository: repository.name, source: source.name, snapshot: snapshot.id };
  how.listen({ type: 'step.started', run, step, at: how.clock.now() });
  return { ...silent(how), progress: (progress) => how.listen({ type: 'step.progress', run, step, progress }) };
}

async function totalIn(item: RestoreItem, how: OperationHow): Promise<Expected | undefined> {
  if (item.snapshot.stats !== undefined) return totalOf(item, { facts: undefined });
  try {
    return totalOf(item, { facts: await (await item.repository.open(how)).facts(item.snapshot, how) });
  } catch {
    // Its own step says what is wrong with it.
    how.signal.throwIfAborted();
    return undefined;
  }
}

/** A server's disk is not ours to look at. */
async function needOf(
  { item, expected }: Prepared,
  { target }: PrepareRequest,
  how: OperationHow,
): Promise<Need | undefined> {
  if (expected === undefined) return undefined;
  if (target !== undefined) return { path: target, sizeBytes: expected.sizeBytes };
  const source = await item.source.open(how);
  const [root = ''] = item.snapshot.paths;
  const path = source.traits.restoresIntoServer === true ? undefined : source.locate(root.replace(/^\/+/, ''));
  return path === undefined ? undefined : { path, sizeBytes: expected.sizeBytes };
}

export function silent({ signal }: { readonly signal: AbortSignal }): StepTools {
  return { signal, warn: () => {}, progress: () => {} };
}
