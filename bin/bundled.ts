/**
 * The program as `npm run setup` bundles it: a start loads some dozens of files instead of hundreds, and takes two thirds of the time. A
 * bundle is only taken for what it was made from: whoever changes a source file runs that file.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where bundles are, in the program's folder; each has a folder of its own, so that a process can go on with the one it began with. */
export const BUNDLES = 'dist';
/** Says which of them is to be run. Written last. */
export const RECORD = join(BUNDLES, 'bundle.json');

export interface BundleRecord {
  /** What it was made from, as that was before it was read. */
  readonly inputs: readonly KnownFile[];
  /** Where its files are: relative to the program's folder. */
  readonly folder: string;
  /** Name of the file to start. */
  readonly entry: string;
  /** Sizes in bytes, by name. */
  readonly files: Readonly<Record<string, number>>;
}

/** The path is relative to the program's folder; when its content was written, and when anything of it changed last. */
export type KnownFile = readonly [path: string, sizeBytes: number, modifiedMs: number, changedMs: number];

/** Path of the bundled program in `root`; undefined where there is none, or where something changed since. */
export function bundledProgram(root: string): string | undefined {
  return ask(root, (record) => {
    const isFit = isThere(root, record, record.entry) && record.inputs.every((input) => isUnchanged(root, input));
    return isFit ? join(root, record.folder, record.entry) : undefined;
  });
}

/** Whether all files of the bundle have their sizes. A start looks at the first one only: each look takes time. */
export function isBundleWhole(root: string): boolean {
  const isWhole = (record: BundleRecord) => Object.keys(record.files).every((name) => isThere(root, record, name));
  return ask(root, isWhole) === true;
}

/** Whatever is wrong with the record, there is no bundle then. */
function ask<Answer>(root: string, question: (record: BundleRecord) => Answer): Answer | undefined {
  try {
    return question(JSON.parse(readFileSync(join(root, RECORD), 'utf8')) as BundleRecord);
  } catch {
    return undefined;
  }
}

function isThere(root: string, { folder, files }: BundleRecord, name: string): boolean {
  const stats = statSync(`${root}/${folder}/${name}`, { throwIfNoEntry: false });
  return stats !== undefined && stats.size === files[name];
}

/** What is there now, for {@link BundleRecord.inputs}. Throws the system's error. */
export function knownFile(root: string, path: string): KnownFile {
  const { size, mtimeMs, ctimeMs } = statSync(join(root, path));
  return [path, size, mtimeMs, ctimeMs];
}

/**
 * Nobody sets the time of a change, so one that is the same says that nothing changed. In a copy it is another: there the time of writing
 * has to tell, and one of whole seconds, which archives give to all files, does not.
 */
function isUnchanged(root: string, [path, sizeBytes, modifiedMs, changedMs]: KnownFile): boolean {
  const now = statSync(`${root}/${path}`, { throwIfNoEntry: false });
  if (now?.size !== sizeBytes) return false;
  if (now.ctimeMs === changedMs && now.mtimeMs === modifiedMs) return true;
  const secondMs = Math.floor(modifiedMs / 1000) * 1000;
  // Layers of container images keep whole seconds of it.
  return modifiedMs !== secondMs && (now.mtimeMs === modifiedMs || now.mtimeMs === secondMs);
}
