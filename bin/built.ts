/**
 * The program as `npm run setup` builds it: bundled into few files, which start in two thirds of the time that hundreds take. It is only
 * taken for what it was made from: whoever changes a source file runs that file.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where builds are, in the program's folder; each has a folder of its own, so that a process can go on with the one it began with. */
export const BUILDS = 'dist';
/** Which of them is to be run. Written last. */
const RECORD = join(BUILDS, 'build.json');

export interface BuildRecord {
  /** The file to start, relative to the program's folder. */
  readonly entry: string;
  /** What it was made from, relative to the program's folder. */
  readonly inputs: readonly BuildInput[];
}

export type BuildInput = readonly [path: string, sizeBytes: number, modifiedMs: number];

/** Before this no file was modified: an archive that sets one time for all of them says nothing by it. */
const FIRST_MS = Date.UTC(2000, 0, 1);

/** Path of the built program in `root`; undefined where there is none, or where something changed since. */
export function builtProgram(root: string): string | undefined {
  try {
    const { entry, inputs } = JSON.parse(readFileSync(join(root, RECORD), 'utf8')) as BuildRecord;
    const program = join(root, entry);
    return inputs.every((input) => isUnchanged(root, input)) && isThere(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

/** What is there now, for {@link BuildRecord.inputs}. Throws the system's error. */
export function buildInput(root: string, path: string): BuildInput {
  const { size, mtimeMs } = statSync(join(root, path));
  return [path, size, mtimeMs];
}

function isUnchanged(root: string, [path, sizeBytes, modifiedMs]: BuildInput): boolean {
  const now = statSync(join(root, path), { throwIfNoEntry: false });
  if (now === undefined || now.size !== sizeBytes || now.mtimeMs < FIRST_MS) return false;
  // Layers of container images keep whole seconds.
  return now.mtimeMs === modifiedMs || now.mtimeMs === Math.floor(modifiedMs / 1000) * 1000;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
