import { SuretyError } from '../../../base/errors.ts';
import type { Entry } from '../../../sources/source.ts';
import type { Base } from './base.ts';

/** So few files may always go: a share says nothing of them. */
const FEW_FILES = 10;

export interface Deleting {
  /** For people. */
  readonly source: string;
  /** The largest share that may go, 0 to 1. */
  readonly maxDelete: number;
}

/** Paths of files. */
export function filesOf(entries: Iterable<Pick<Entry, 'path' | 'type'>>): Set<string> {
  const files = new Set<string>();
  for (const { path, type } of entries) if (type === 'file') files.add(path);
  return files;
}

/** Throws `repository.too-many-deletions` where more files of the last copy are none of those that are there than may go. */
export function expectFewDeletions(
  last: Base | undefined,
  there: { readonly size: number; has(path: string): boolean },
  { source, maxDelete }: Deleting,
): void {
  if (last === undefined) return;
  const gone = [...last.files.keys()].filter((path) => !there.has(path));
  if (gone.length <= FEW_FILES && there.size > 0) return;
  if (gone.length <= last.files.size * maxDelete) return;
  const share = `${gone.length} of ${last.files.size} files`;
  const example = gone.slice(0, 3).join(', ');
  throw new SuretyError(
    'repository.too-many-deletions',
    `the mirror of ${source} would lose ${share}, more than ${Math.round(maxDelete * 100)}% (${example}, …)`,
    {
      hint: 'look whether a disk of the source is missing; if it is right, set max_delete: 100% for one run',
      details: { gone: gone.length, of: last.files.size },
    },
  );
}
