/** Makes the bundle and what says which one is to be run. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILDS, type BuildInput, type BuildRecord, buildInput } from '../../bin/built.ts';
import { bundle } from './bundle.ts';

/** The one that runs from now on, and the one that processes may still be running. */
const KEPT_BUILDS = 2;
/** A file that changes while it is read is read once more; one that always changes is not for a bundle. */
const ATTEMPTS = 3;
/** Changes with each package that is installed; the packages' own files are too many to look at. */
const PACKAGES = join('node_modules', '.package-lock.json');

/** Builds the program in `root`. Throws what is wrong with its sources. */
export async function build(root: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const startedMs = Date.now();
    const { files, inputs } = await bundle(root);
    const own = inputs.filter((path) => !path.split('/').includes('node_modules'));
    const known = [...own, PACKAGES, 'package.json'].sort().map((path) => buildInput(root, path));
    if (known.some(([, , modifiedMs]) => modifiedMs >= startedMs) && attempt < ATTEMPTS) continue;
    keep(root, files, known);
    return;
  }
}

function keep(root: string, files: ReadonlyMap<string, string>, inputs: readonly BuildInput[]): void {
  const builds = join(root, BUILDS);
  const id = idOf(files);
  const folder = join(builds, id);
  const mark = `.${process.pid}.tmp`;
  mkdirSync(builds, { recursive: true });
  if (!existsSync(folder)) {
    const unfinished = `${folder}${mark}`;
    mkdirSync(unfinished);
    for (const [name, content] of files) writeFileSync(join(unfinished, name), content);
    renameUnlessThere(unfinished, folder);
  }
  const record: BuildRecord = { entry: join(BUILDS, id, 'main.mjs'), inputs };
  const file = join(builds, 'build.json');
  writeFileSync(`${file}${mark}`, JSON.stringify(record));
  renameSync(`${file}${mark}`, file);
  removeOld(builds, id);
}

/** Two builds of the same may run at once. */
function renameUnlessThere(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

function idOf(files: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\0`).update(content);
  return hash.digest('hex').slice(0, 12);
}

function removeOld(builds: string, current: string): void {
  const others = readdirSync(builds, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== current)
    .map(({ name }) => ({ path: join(builds, name), madeMs: statSync(join(builds, name)).mtimeMs }))
    .sort((a, b) => b.madeMs - a.madeMs);
  for (const { path } of others.slice(KEPT_BUILDS - 1)) rmSync(path, { recursive: true, force: true });
}
