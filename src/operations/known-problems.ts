/** Which files of a repository earlier verifications found damaged. */
import type { Catalog } from '../catalog/catalog.ts';

export interface KnownProblems {
  /** Keys of the repository's files. */
  readonly keys: readonly string[];
  /** The last time there were more than the catalog keeps. */
  readonly isCut: boolean;
}

/** So many verifications are looked back at; damage that is older was found again, or is gone. */
const VERIFICATIONS = 50;

/** Nothing is known without a catalog, or with one that can not be read. */
export async function knownProblems(catalog: Catalog | undefined, repository: string): Promise<KnownProblems> {
  const keys = new Set<string>();
  let isCut = false;
  try {
    const found = (await catalog?.verifications({ repository, limit: VERIFICATIONS })) ?? [];
    const newest = found.find(({ problemCount }) => problemCount > 0);
    isCut = newest !== undefined && newest.problemCount > newest.problems.length;
    for (const { problems } of found) {
      for (const problem of problems) {
        const key = /^\S+ (.+?): /.exec(problem)?.[1];
        if (key !== undefined) keys.add(key);
      }
    }
  } catch {
    return { keys: [], isCut: false };
  }
  return { keys: [...keys], isCut };
}
