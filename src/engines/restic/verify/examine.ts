/**
 * Looks through a repository for what is damaged or missing. The order matters: snapshots are listed before the index is loaded, and packs
 * after it, so that what a backup stores meanwhile is never missed.
 */
import { hasCode, messageOf, SuretyError } from '../../../base/errors.ts';
import type { Snapshot, VerifyHow } from '../../engine.ts';
import { type BlobTable, TREE } from '../blob-table.ts';
import { type Copies, findCopies, openCarefulReader } from '../copies.ts';
import type { EntrySet } from '../entry-set.ts';
import { loadIndex } from '../load-index.ts';
import { packKey } from '../pack-key.ts';
import { keyOf, type Repository } from '../repository.ts';
import { findSnapshot, listSnapshots } from '../snapshots.ts';
import { checkFiles } from './check-files.ts';
import { checkPacks, findPacks, noteUnindexed, type PacksFound } from './check-packs.ts';
import { type CheckedTrees, checkTrees } from './check-trees.ts';
import { choosePacks } from './choose-packs.ts';
import { type Finding, Findings } from './findings.ts';
import { readPacks } from './read-packs.ts';
import { reportProgress } from './report-progress.ts';

export interface ExamineHow extends VerifyHow {
  /** An index file that can not be reached is a failure of the store and thrown, as whoever removes damaged ones needs it. */
  readonly strict?: boolean;
}

export interface Examined {
  readonly findings: Findings;
  readonly snapshots: readonly Snapshot[];
  /** Ids of index files that are good, and of those that are damaged. */
  readonly indexes: { readonly good: readonly string[]; readonly damaged: readonly string[] };
  readonly table: BlobTable;
  readonly copies: Copies;
  readonly packs: PacksFound;
  readonly trees: CheckedTrees;
  /** The problem of blobs that no index names, if there are any. */
  readonly missing: Finding | undefined;
  /** Packs that hold what the chosen snapshots need; undefined: all. */
  readonly wanted: ReadonlySet<number> | undefined;
  /** Sizes of the packs that were read. */
  readonly read: readonly number[];
}

/** Takes no lock. Throws when a store fails. */
export async function examine(repository: Repository, how: ExamineHow): Promise<Examined> {
  const { snapshots, unreadable } = await chooseSnapshots(repository, how);
  const damagedIndexes: string[] = [];
  const damage: Finding[] = [];
  const { table, files } = await loadIndex(repository, {
    signal: how.signal,
    onDamaged: (id, error) => {
      if (how.strict === true && !hasCode(error, 'repository.damaged')) throw error;
      damagedIndexes.push(id);
      damage.push({ code: 'index.damaged', key: keyOf('index', id), message: messageOf(error) });
    },
  });
  const findings = new Findings(table);
  for (const finding of [...unreadable, ...damage]) findings.add(finding);
  await checkFiles(repository, findings, how);
  const progress = reportProgress(repository.clock, how);
  const badTrees = new Map<number, string>();
  const copies = findCopies(table);
  const careful = openCarefulReader(repository, table, copies, (entry, why) => badTrees.set(entry, why));
  const roots = new Set(snapshots.map(({ tree }) => tree));
  const trees = await checkTrees({ repository, table, careful }, roots, { ...how, onTrees: progress.trees });
  const packs = await findPacks(repository, table, how);
  const wanted = how.snapshots === undefined ? undefined : packsOf(table, trees.used);
  checkPacks(table, packs, (pack) => wanted?.has(pack) ?? true, findings);
  if (wanted === undefined) noteUnindexed(packs, findings);
  const read =
    how.depth === 'data' ? await readData({ repository, table, findings }, packs, wanted, how, progress.pack) : [];
  addTrees(table, trees, badTrees, findings);
  const missing = addMissing(trees, findings);
  progress.end();
  const indexes = { good: files, damaged: damagedIndexes };
  return { findings, snapshots, indexes, table, copies, packs, trees, missing, wanted, read };
}

interface ChosenSnapshots {
  readonly snapshots: readonly Snapshot[];
  readonly unreadable: readonly Finding[];
}

async function chooseSnapshots(repository: Repository, how: VerifyHow): Promise<ChosenSnapshots> {
  const toFinding = (id: string, error: unknown): Finding => ({
    code: 'snapshot.damaged',
    key: keyOf('snapshots', id),
    message: messageOf(error),
  });
  if (how.snapshots === undefined) {
    const { snapshots, unreadable } = await listSnapshots(repository, how);
    return { snapshots: snapshots.toReversed(), unreadable: unreadable.map(({ id, error }) => toFinding(id, error)) };
  }
  const snapshots: Snapshot[] = [];
  const unreadable: Finding[] = [];
  for (const id of how.snapshots) {
    try {
      snapshots.push(await findSnapshot(repository, id, how));
    } catch (error) {
      if (!(error instanceof SuretyError) || error.code !== 'repository.damaged') throw error;
      unreadable.push(toFinding(id, error));
    }
  }
  return { snapshots, unreadable };
}

function packsOf(table: BlobTable, used: EntrySet): Set<number> {
  const packs = new Set<number>();
  for (let entry = 0; entry < table.count; entry++) if (used.has(entry)) packs.add(table.packOf(entry));
  return packs;
}

interface DataTools {
  readonly repository: Repository;
  readonly table: BlobTable;
  readonly findings: Findings;
}

/** Returns the sizes of the packs that were read. */
async function readData(
  tools: DataTools,
  packs: PacksFound,
  wanted: ReadonlySet<number> | undefined,
  how: VerifyHow,
  onPack: (sizeBytes: number, totalPacks: number, totalBytes: number) => void,
): Promise<number[]> {
  const all = Array.from(packs.sizes.keys()).filter((pack) => wanted?.has(pack) ?? true);
  const chosen = choosePacks(tools.table, all, packs.sizes, how.subset);
  const unindexed = wanted === undefined && how.subset === undefined ? packs.unindexed : [];
  const totalPacks = chosen.length + unindexed.length;
  const totalBytes =
    chosen.reduce((sum, pack) => sum + Math.max(0, packs.sizes[pack]!), 0) +
    unindexed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const read: number[] = [];
  await readPacks(tools, chosen, unindexed, packs.sizes, {
    signal: how.signal,
    onPack: (sizeBytes) => {
      read.push(sizeBytes);
      onPack(sizeBytes, totalPacks, totalBytes);
    },
  });
  return read;
}

/** Damaged trees that were not told as part of their pack. */
function addTrees(table: BlobTable, trees: CheckedTrees, bad: ReadonlyMap<number, string>, findings: Findings): void {
  for (const [entry, why] of bad) {
    if (findings.of(entry) !== undefined) continue;
    const key = packKey(table, table.packOf(entry));
    const id = table.idOf(entry).toString('hex').slice(0, 16);
    const finding = { code: 'tree.damaged', key, message: `${key} is damaged: tree ${id}: ${why}` };
    findings.addForPack(table.packOf(entry), [entry], finding);
  }
  for (const [entry, message] of trees.invalid) {
    findings.addForPack(table.packOf(entry), [entry], {
      code: 'tree.damaged',
      key: packKey(table, table.packOf(entry)),
      message,
    });
  }
}

/** One problem for all: they mostly went together, with an index file. */
function addMissing({ missing }: CheckedTrees, findings: Findings): Finding | undefined {
  const [first] = missing;
  if (first === undefined) return undefined;
  const [id, type] = first;
  const name = `${type === TREE ? 'tree' : 'blob'} ${id.slice(0, 16)}`;
  const message =
    missing.size === 1
      ? `${name} is needed, but no index file names it`
      : `${name} and ${missing.size - 1} more blobs are needed, but no index file names them`;
  const finding = { code: 'blob.missing', key: 'index', message };
  findings.add(finding);
  return finding;
}
