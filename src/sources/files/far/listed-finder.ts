import { isBelow } from '../roots.ts';
import type { ListingParser } from './listing-parser.ts';
import type { Start } from './starts.ts';

/** The entry path of a path as the programs there name it. Undefined for one that is not below the start. */
export function entryPathOf({ path, entryPath }: Start, of: string): string | undefined {
  if (of === path) return entryPath;
  const prefix = path.endsWith('/') ? path : `${path}/`;
  if (!of.startsWith(prefix)) return undefined;
  const rest = of.slice(prefix.length);
  return entryPath === '' ? rest : `${entryPath}/${rest}`;
}

/** Finds files in a listing by their path. Quick where one is asked after another that is in the same directory. */
export class ListedFinder {
  readonly #parser: ListingParser;
  readonly #starts: readonly Start[];
  /** What is in the directory that was looked into last. */
  #last: { readonly at: number; readonly names: ReadonlyMap<string, number> } | undefined;

  constructor(parser: ListingParser, starts: readonly Start[]) {
    this.#parser = parser;
    this.#starts = starts;
  }

  /** `path` is as the programs there name it. */
  find(start: Start, path: string): number | undefined {
    const entryPath = entryPathOf(start, path);
    return entryPath === undefined ? undefined : this.#below(start, entryPath);
  }

  /** Of the innermost start that has it. */
  findEntry(entryPath: string): number | undefined {
    const start = this.#starts.findLast(
      (one) => one.isListed && (one.entryPath === entryPath || isBelow(entryPath, one.entryPath)),
    );
    return start === undefined ? undefined : this.#below(start, entryPath);
  }

  #below(start: Start, entryPath: string): number | undefined {
    let at = this.#parser.facts[this.#starts.indexOf(start)]?.at;
    const rest = start.entryPath === '' ? entryPath : entryPath.slice(start.entryPath.length + 1);
    for (const name of rest === '' ? [] : rest.split('/')) {
      if (at === undefined) return undefined;
      at = this.#namesIn(at).get(name);
    }
    return at;
  }

  #namesIn(at: number): ReadonlyMap<string, number> {
    if (this.#last?.at === at) return this.#last.names;
    const { tree } = this.#parser;
    const names = new Map([...tree.within(at)].map((one) => [tree.name(one), one]));
    this.#last = { at, names };
    return names;
  }
}
