/** One look through the repository and what follows from it. */
import type { How } from '../../engine.ts';
import { type BlobTable, type BlobType, DATA, TREE } from '../blob-table.ts';
import { idBytes, idText } from '../format/id.ts';
import { groupByPack, packEntry } from '../pack-entries.ts';
import { type FileKind, keyOf, type Repository } from '../repository.ts';
import { type Examined, examine } from '../verify/examine.ts';
import { openIndexWriter } from '../write-index.ts';
import { type BlobWriter, openBlobWriter } from './blob-writer.ts';
import { takeFromContents } from './from-contents.ts';
import { askPlace, type Healing, passedOver } from './healing.ts';
import { createLostBlobs, type LostBlobs } from './lost-blobs.ts';
import { removeFile } from './remove-file.ts';
import { type Emptied, salvage, searchLoose } from './salvage.ts';
import type { Sibling } from './sibling.ts';
import { type FileWork, takeFromCopies, takeFromTwin } from './whole-files.ts';

export interface Round {
  readonly examined: Examined;
  /** What is lost still. */
  readonly lost: LostBlobs;
  readonly emptied: Emptied;
  /** Single files that can not be made good. */
  readonly files: readonly { readonly key: string; readonly hint: string }[];
  /** Something can not be read that would tell what is needed. */
  readonly blind: boolean;
  /** Nothing can be removed: the old index files stay, and so must the packs that they name. */
  readonly isKept: boolean;
  /** More may show now. */
  readonly again: boolean;
}

export async function healRound(repository: Repository, healing: Healing): Promise<Round> {
  const { signal, dryRun, suspects: files, account } = healing;
  const examined = await examine(repository, { ...healing, depth: 'data', subset: { files }, strict: true });
  const bad = new Set(examined.findings.badPacks);
  const lost = createLostBlobs();
  const whole = await healWholeFiles(repository, healing, examined, bad);
  const blind = whole.lost.some(({ key }) => key.startsWith('snapshots/'));
  if (whole.healed && !dryRun)
    return { examined, lost, emptied: new Map(), files: whole.lost, blind: true, isKept: false, again: true };
  const writer = openBlobWriter(repository, { signal, dryRun });
  const { table, copies, packs, indexes } = examined;
  const emptied = await salvage({ repository, table, copies, bad, sizes: packs.sizes, writer, lost }, { signal });
  for (const [id, type] of examined.trees.missing) if (!writer.has(idBytes(id), type)) lost.add(id, type);
  const isIndexLost = indexes.damaged.length > 0;
  const own = { repository, table, files: packs.unindexed, all: isIndexLost, writer, lost };
  let trees = 0;
  if (lost.size > 0 || isIndexLost) trees += await searchLoose(own, { signal });
  const found = async (from: string, id: string, type: BlobType, plain: Uint8Array): Promise<void> => {
    await writer.add(idBytes(id), type, plain);
    lost.settle(id, type);
    account.blob(from, plain.length);
    if (type === TREE) trees += 1;
    healing.progress?.({ phase: 'write', items: 0, sizeBytes: account.sizeBytes, current: from });
  };
  for (const sibling of healing.siblings) await takeFromSibling(sibling, lost, found, healing);
  const snapshots = examined.snapshots;
  const work = {
    repository,
    table,
    snapshots,
    lost,
    found: (from: string, id: string, plain: Uint8Array) => found(from, id, DATA, plain),
  };
  const failed = (from: string, error: unknown) => healing.warn(passedOver(from, error));
  for (const from of healing.from) await takeFromContents({ ...work, failed }, from, { signal });
  const isKept = !(await commit(repository, healing, examined, bad, writer));
  const again = trees > 0 && !dryRun && !isKept;
  return { examined, lost, emptied, files: whole.lost, blind, isKept, again };
}

async function takeFromSibling(
  sibling: Sibling,
  lost: LostBlobs,
  found: (from: string, id: string, type: BlobType, plain: Uint8Array) => Promise<void>,
  healing: Healing,
): Promise<void> {
  if (lost.size === 0) return;
  await askPlace(sibling.name, healing, (ours) =>
    sibling.each(lost, healing, ({ id, type }, plain) => ours(found(sibling.name, id, type, plain))),
  );
}

interface WholeFiles {
  readonly healed: boolean;
  readonly lost: { readonly key: string; readonly hint: string }[];
}

const HINTS: Readonly<Record<string, string>> = {
  snapshots: 'bring it back with surety copy from a repository that has it, then remove this file with surety forget',
  keys: 'its password opens nothing any more: remove it, and add another key',
};

/** Takes packs out of `bad` that are whole again. */
async function healWholeFiles(
  repository: Repository,
  healing: Healing,
  { findings, table }: Examined,
  bad: Set<number>,
): Promise<WholeFiles> {
  const { siblings, signal, dryRun, account, added } = healing;
  let count = 0;
  const healed = (from: string, key: string, sizeBytes: number): void => {
    count += 1;
    account.file(from, sizeBytes);
    if (!dryRun) added.push(key);
  };
  let left = findings.all.flatMap(({ code, key }) => {
    const kind = key.slice(0, key.indexOf('/'));
    const isFile = ['snapshot.damaged', 'key.damaged', 'index.damaged'].includes(code);
    return isFile ? [{ kind: kind as FileKind, id: key.slice(kind.length + 1) }] : [];
  });
  for (const sibling of siblings) {
    await askPlace(sibling.name, healing, async (ours) => {
      const work: FileWork = { repository, dryRun, healed, ours };
      const still: typeof left = [];
      for (const one of left) if (!(await takeFromTwin(work, one.kind, one.id, sibling, { signal }))) still.push(one);
      left = still;
      for (const pack of bad) {
        const id = idText(table.packId(pack));
        if (await takeFromTwin(work, 'data', id, sibling, { signal })) bad.delete(pack);
      }
      const snapshots = new Set(left.filter(({ kind }) => kind === 'snapshots').map(({ id }) => id));
      if (snapshots.size > 0) await takeFromCopies(work, snapshots, sibling, { signal });
      left = left.filter(({ kind, id }) => kind !== 'snapshots' || snapshots.has(id));
    });
  }
  const lost = left.flatMap(({ kind, id }) => {
    const hint = HINTS[kind];
    return hint === undefined ? [] : [{ key: keyOf(kind, id), hint }];
  });
  return { healed: count > 0, lost };
}

/** The new packs get their index first; then the packs that stay get a new one, and the old index files go. False when these can not be removed. */
async function commit(
  repository: Repository,
  healing: Healing,
  { table, indexes }: Examined,
  bad: ReadonlySet<number>,
  writer: BlobWriter,
): Promise<boolean> {
  const { dryRun, signal, added } = healing;
  added.push(...(await writer.finish()));
  if (dryRun || (bad.size === 0 && indexes.damaged.length === 0)) return true;
  await writeRest(repository, table, bad, { signal });
  for (const id of indexes.good) if (!(await removeFile(repository, 'index', id, healing))) return false;
  for (const id of indexes.damaged) {
    if (!(await removeFile(repository, 'index', id, healing))) return false;
    healing.removed.push(keyOf('index', id));
  }
  return true;
}

async function writeRest(repository: Repository, table: BlobTable, bad: ReadonlySet<number>, how: How): Promise<void> {
  const index = openIndexWriter(repository, how);
  const entries = groupByPack(table);
  for (let pack = 0; pack < table.packCount; pack++) {
    const own = entries.of(pack);
    if (bad.has(pack) || own.length === 0) continue;
    await index.add({ id: table.packId(pack), blobs: Array.from(own, (entry) => packEntry(table, entry)) }, own.length);
  }
  await index.finish();
}
