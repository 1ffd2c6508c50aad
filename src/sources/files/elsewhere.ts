import { realPlace } from '../../base/real-place.ts';
import { throughLinks } from './entry.ts';
import { isBelow, join, type Roots } from './roots.ts';

/** A file that another source protects, as a database is, together with what its program keeps beside it. */
export interface ForeignFile {
  /** Absolute. */
  readonly path: string;
  /** Endings of the files beside it that belong to it. */
  readonly companions: readonly string[];
}

/** The paths under which a walk of these roots meets foreign files. Links count as what they lead to: those to the files and those to the roots. */
export function pathsElsewhere(roots: Roots, files: readonly ForeignFile[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { path, companions } of files) {
    for (const one of new Set([path, realPlace(path)])) {
      for (const met of [one, ...throughRoots(roots, realPlace(one))]) {
        for (const suffix of ['', ...companions]) found.add(met + suffix);
      }
    }
  }
  return found;
}

function throughRoots(roots: Roots, real: string): string[] {
  return roots.all.flatMap((root) => {
    const path = join(root.base, root.entryPath);
    const above = throughLinks(path);
    return isBelow(real.slice(1), above.slice(1)) ? [join(path, real.slice(above === '/' ? 1 : above.length + 1))] : [];
  });
}
