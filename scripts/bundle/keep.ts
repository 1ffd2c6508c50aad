/** Puts a bundle where the program looks for it, and says that it is the one to be run. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BUNDLES, type BundleRecord, RECORD } from '../../bin/bundled.ts';
import { systemCode } from '../../src/base/errors.ts';
import { syncFolder } from '../../src/base/replace-file.ts';
import type { Bundle } from './make.ts';

/** Who runs one of the last bundles may go on; a run can take a day, and each takes 5 MB. */
const KEPT_BUNDLES = 10;
const BUNDLE_NAME = /^[0-9a-f]{12}$/;
/** What a process that was killed left; no other one takes so long. */
const UNFINISHED_NAME = /^\.unfinished-/;
const UNFINISHED_MS = 3_600_000;

/** Also while others do so. Throws the system's error. */
export function keepBundle(root: string, { files, entry, inputs }: Bundle): void {
  const bundles = join(root, BUNDLES);
  const id = idOf(files);
  const folder = join(bundles, id);
  mkdirSync(bundles, { recursive: true });
  if (!isWhole(folder, files)) makeFolder(folder, files);
  const sizes = Object.fromEntries([...files].map(([name, text]) => [name, Buffer.byteLength(text)]));
  const record: BundleRecord = { inputs, folder: join(BUNDLES, id), entry, files: sizes };
  const now = new Date();
  utimesSync(folder, now, now);
  const unfinished = unfinishedFolder(bundles);
  try {
    const name = basename(RECORD);
    writeDurably(join(unfinished, name), JSON.stringify(record));
    renameSync(join(unfinished, name), join(root, RECORD));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  removeOld(bundles, id);
}

function isWhole(folder: string, files: Bundle['files']): boolean {
  const sizeOf = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.size;
  return [...files].every(([name, text]) => sizeOf(name) === Buffer.byteLength(text));
}

/**
 * The whole folder appears at once, and after a power failure it is whole, or not there. One that others made meanwhile stays: they may be
 * running it already.
 */
function makeFolder(folder: string, files: Bundle['files']): void {
  const unfinished = unfinishedFolder(dirname(folder));
  try {
    for (const [name, text] of files) writeDurably(join(unfinished, name), text);
    syncFolder(unfinished);
    if (isPut(unfinished, folder) || isWhole(folder, files)) return;
    // What is damaged serves nobody.
    const aside = unfinishedFolder(dirname(folder));
    renameSync(folder, aside);
    rmSync(aside, { recursive: true, force: true });
    if (!isPut(unfinished, folder) && !isWhole(folder, files)) throw new Error(`${folder} can not be replaced`);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** False where a folder with something in it is in the way. */
function isPut(unfinished: string, folder: string): boolean {
  try {
    renameSync(unfinished, folder);
    return true;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
    return false;
  }
}

function unfinishedFolder(bundles: string): string {
  const folder = mkdtempSync(join(bundles, '.unfinished-'));
  // Made for its owner only; whoever may read the sources may run them.
  chmodSync(folder, statSync(bundles).mode & 0o777);
  return folder;
}

function idOf(files: Bundle['files']): string {
  const hash = createHash('sha256');
  for (const [name, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${name}\0`).update(text);
  return hash.digest('hex').slice(0, 12);
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx');
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The last ones that were current stay, and what others may be making now. */
function removeOld(bundles: string, current: string): void {
  const names = readdirSync(bundles).filter((name) => name !== current);
  const known = names.map((name) => {
    const path = join(bundles, name);
    return { name, path, usedMs: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  const older = known.filter(({ name }) => BUNDLE_NAME.test(name)).sort((a, b) => b.usedMs - a.usedMs);
  const left = known.filter(({ name, usedMs }) => UNFINISHED_NAME.test(name) && usedMs < Date.now() - UNFINISHED_MS);
  for (const { path } of [...older.slice(KEPT_BUNDLES - 1), ...left]) rmSync(path, { recursive: true, force: true });
}
