import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Generator, generatorOf } from '../generate.ts';

/** What a tree of many files consists of. */
export interface TreePlan {
  readonly purpose: string;
  readonly files: number;
  readonly dirs: number;
  /** Sizes of all files, in the order they are written. */
  sizes(generator: Generator): Float64Array;
  content(generator: Generator, sizeBytes: number): Uint8Array;
}

/** Writes the whole tree: directories of up to 64 others each, files dealt out to them in turn. */
export function writeTree(root: string, plan: TreePlan): void {
  const generator = generatorOf(plan.purpose);
  for (let dir = 0; dir < plan.dirs; dir++) mkdirSync(join(root, dirName(dir)), { recursive: true });
  const sizes = plan.sizes(generator);
  for (let file = 0; file < plan.files; file++) {
    writeFileSync(join(root, fileName(plan, file)), plan.content(generator, sizes[file] ?? 0));
  }
}

/** A day's work: one file in a hundred is written anew, one in two hundred is added, one in five hundred goes. */
export function changeTree(root: string, plan: TreePlan, day: number): void {
  const generator = generatorOf(`${plan.purpose}/day`, day);
  const sizes = plan.sizes(generator);
  for (let file = 0; file < plan.files; file++) {
    const draw = generator.below(1000);
    if (draw < 10) writeFileSync(join(root, fileName(plan, file)), plan.content(generator, sizes[file] ?? 0));
    else if (draw < 15) {
      writeFileSync(join(root, `${fileName(plan, file)}.day${day}`), plan.content(generator, sizes[file] ?? 0));
    } else if (draw < 17) rmSync(join(root, fileName(plan, file)), { force: true });
  }
}

function dirName(dir: number): string {
  return `group-${String(dir >> 6).padStart(3, '0')}/part-${String(dir & 63).padStart(2, '0')}`;
}

function fileName(plan: TreePlan, file: number): string {
  return `${dirName(file % plan.dirs)}/document-${String(file).padStart(7, '0')}.dat`;
}
