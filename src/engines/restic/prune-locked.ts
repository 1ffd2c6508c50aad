/** What pruning can not remove because locks of the store keep it. */
import { eachConcurrently } from '../../base/limit.ts';
import { type Locked, laterEnd } from '../delete-unlocked.ts';
import type { How, PruneReport } from '../engine.ts';
import { idText } from './format/id.ts';
import { parseIndex } from './format/index-file.ts';
import { type PruneInput, type PrunePlan, planPrune } from './plan-prune.ts';
import { idOfKey, keyOf, type Repository } from './repository.ts';

/** Packs that were to go, and why they stay. */
export interface StuckPacks {
  readonly ids: Set<string>;
  /** When the last lock ends, as far as it is known. */
  until: Date | undefined;
}

export interface PlanAroundLocks {
  readonly plan: PrunePlan;
  /** Ids of index files that can be removed. */
  readonly indexes: readonly string[];
  /** What a plan without locks would have removed. */
  readonly stuck: StuckPacks;
}

/** Each plan may choose other packs to repack than the one before; what is still locked after so many is refused when it is to go. */
const PLANS_MAX = 4;

/**
 * A plan that removes nothing that is locked. An index file that is locked goes on naming its packs, so they stay with it. Nothing is asked where
 * the store has no locks.
 */
export async function planAroundLocks(
  repository: Repository,
  input: PruneInput,
  indexes: readonly string[],
  how: How,
): Promise<PlanAroundLocks> {
  const stuck: StuckPacks = { ids: new Set(), until: undefined };
  let plan = planPrune(input);
  if (repository.store.locks === undefined) return { plan, indexes, stuck };
  const lockedIndexes = await lockedAmong(repository, keysOf('index', indexes), how);
  const named = await packsNamedIn(repository, lockedIndexes, how);
  const held = new Set(named);
  const asked = new Set<string>();
  for (let plans = 1; plans < PLANS_MAX; plans++) {
    const going = packsThatGo(plan, input);
    const unasked = going.filter((id) => !asked.has(id) && !held.has(id));
    for (const id of unasked) asked.add(id);
    const locked = await lockedAmong(repository, keysOf('data', unasked), how);
    noteStuck(stuck, locked);
    for (const { key } of locked) held.add(idOfKey(key));
    const stay = going.filter((id) => held.has(id));
    if (stay.length === 0) break;
    for (const id of stay) stuck.ids.add(id);
    if (stay.some((id) => named.has(id)))
      for (const { until } of lockedIndexes) stuck.until = laterEnd(stuck.until, until);
    plan = planPrune({ ...input, held });
  }
  const kept = new Set(lockedIndexes.map(({ key }) => idOfKey(key)));
  return { plan, indexes: indexes.filter((id) => !kept.has(id)), stuck };
}

function keysOf(kind: 'data' | 'index', ids: readonly string[]): string[] {
  return ids.map((id) => keyOf(kind, id));
}

function packsThatGo({ repacked, unneeded, leftovers }: PrunePlan, { table }: PruneInput): string[] {
  return [...[...repacked, ...unneeded].map((pack) => idText(table.packId(pack))), ...leftovers];
}

/** Packs that could not be removed. */
export function noteStuck(stuck: StuckPacks, locked: readonly Locked[]): void {
  for (const { key, until } of locked) {
    stuck.ids.add(idOfKey(key));
    stuck.until = laterEnd(stuck.until, until);
  }
}

async function lockedAmong({ store, clock }: Repository, keys: readonly string[], how: How): Promise<Locked[]> {
  const found: Locked[] = [];
  const now = clock.now();
  await eachConcurrently(keys, store.traits.connections, how.signal, async (key, signal) => {
    const until = await store.locks?.until(key, { signal });
    if (until !== undefined && until > now) found.push({ key, until });
  });
  return found;
}

/** Ids of all packs that these index files name. */
export async function packsNamedIn(
  repository: Repository,
  files: readonly Locked[],
  { signal }: How,
): Promise<Set<string>> {
  const named = new Set<string>();
  for (const { key } of files) {
    const json = await repository.readUnpacked('index', idOfKey(key), { signal });
    parseIndex(json, key, { pack: (id) => void named.add(idText(id)), blob: () => {} });
  }
  return named;
}

/** `late` are packs that the plan removes and a lock kept after all. */
export function withStuck(report: PruneReport, plan: PrunePlan, stuck: StuckPacks, late: StuckPacks): PruneReport {
  const all = stuck.ids.union(late.ids);
  if (all.size === 0) return report;
  const lateBytes = sizeOf(late.ids, plan);
  return {
    ...report,
    packsRemoved: Math.max(0, report.packsRemoved - late.ids.size),
    freedBytes: report.freedBytes - lateBytes,
    remainingBytes: report.remainingBytes + lateBytes,
    remainingUnusedBytes: report.remainingUnusedBytes + lateBytes,
    locked: { files: all.size, sizeBytes: sizeOf(all, plan), until: laterEnd(stuck.until, late.until) },
  };
}

function sizeOf(ids: Iterable<string>, { sizes }: PrunePlan): number {
  let sum = 0;
  for (const id of ids) sum += sizes.get(id) ?? 0;
  return sum;
}
