/**
 * The verb `heal`: stores again what is damaged or missing, taken from elsewhere. Whenever it is killed, nothing is lost that was there: new packs with
 * what was healed, and with what was good in damaged packs, are stored with their index before the old index files go, and those go before the damaged packs.
 *
 * What can not be healed leaves the index too, so that the next backup that comes across it stores it again instead of relying on it. The pack it stood
 * in is kept as long as anything that a snapshot needs was in it.
 */
import { RESERVED_NAME } from '../../sources/source.ts';
import type { HealHow, HealReport, How, Lost } from '../engine.ts';
import { createEntrySet } from './entry-set.ts';
import { openAccount } from './heal/account.ts';
import { affectedFiles } from './heal/affected-files.ts';
import { type Healing, passedOver } from './heal/healing.ts';
import { removeFile } from './heal/remove-file.ts';
import { healRound, type Round } from './heal/round.ts';
import { openSibling, type Sibling } from './heal/sibling.ts';
import { withLock } from './locks.ts';
import { keyOf, type Repository } from './repository.ts';
import { openTreeReader } from './tree-reader.ts';

/** A directory that was healed may name more that is lost; nobody has directories as deep as this lost in each other. */
const ROUNDS_MAX = 16;

/** Throws `repository.locked`, and what a store throws; what can not be healed is in the report. */
export async function heal(repository: Repository, how: HealHow): Promise<HealReport> {
  const lock = { signal: how.signal, exclusive: !how.dryRun, optional: how.dryRun };
  return await withLock(repository, lock, async (signal) => {
    await using opened = new AsyncDisposableStack();
    const siblings = await openSiblings(repository, { ...how, signal }, opened);
    const healing = { ...how, signal, siblings, account: openAccount(), added: [], removed: [] };
    return await run(repository, healing);
  });
}

async function openSiblings(repository: Repository, how: HealHow, opened: AsyncDisposableStack): Promise<Sibling[]> {
  const siblings: Sibling[] = [];
  for (const from of how.from) {
    try {
      const sibling = await openSibling(from, how);
      if (sibling === undefined) continue;
      opened.use(sibling);
      if (sibling.repository.store !== repository.store) siblings.push(sibling);
    } catch (error) {
      how.signal.throwIfAborted();
      how.warn(passedOver(from.name, error));
    }
  }
  return siblings;
}

async function run(repository: Repository, healing: Healing): Promise<HealReport> {
  const emptied = new Map<string, readonly string[]>();
  let round = await healRound(repository, healing);
  for (let rounds = 1; ; rounds++) {
    for (const [pack, lost] of round.emptied) emptied.set(pack, lost);
    if (!round.again || rounds === ROUNDS_MAX) break;
    round = await healRound(repository, healing);
  }
  const { lost, needed } = await describeLost(repository, round, healing);
  for (const [pack, blobs] of emptied) {
    if (healing.dryRun || blobs.some((id) => needed(id))) continue;
    // As long as an index names it, it must be there.
    if (round.isKept || !(await removeFile(repository, 'data', pack, healing))) break;
    healing.removed.push(keyOf('data', pack));
  }
  const { account, added, removed } = healing;
  return { healed: account.healed, lost, added, removed };
}

interface Described {
  readonly lost: Lost;
  /** Whether a blob that is lost may be needed by a snapshot. */
  readonly needed: (id: string) => boolean;
}

const AFFECTED_MAX = 5;

async function describeLost(
  repository: Repository,
  { examined, lost, files, blind }: Round,
  how: How,
): Promise<Described> {
  const { table, snapshots } = examined;
  const looking = { table, lost, trees: openTreeReader(repository, table), clean: createEntrySet(table.count) };
  const affects: { snapshot: string; path: string }[] = [];
  const found = new Set<string>();
  const toCopy = new Set<string>();
  let isBlind = blind;
  for (const snapshot of lost.size === 0 ? [] : snapshots) {
    for await (const { path, node, blobs } of affectedFiles(looking, snapshot, how)) {
      if (node === undefined) isBlind = true;
      if (node === undefined || path === RESERVED_NAME) toCopy.add(snapshot.id);
      for (const id of blobs) found.add(id);
      if (affects.length < AFFECTED_MAX || affects.at(-1)?.snapshot !== snapshot.id)
        affects.push({ snapshot: snapshot.id, path });
    }
  }
  return { lost: { blobs: found.size, files, affects, toCopy: [...toCopy] }, needed: (id) => isBlind || found.has(id) };
}
