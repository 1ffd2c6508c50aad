import { SuretyError } from '../../../base/errors.ts';
import type { Entry, RestoredEntry } from '../../../sources/source.ts';
import type { Base } from './base.ts';

/** So few files may always go: a share says nothing of them. */
const FEW_FILES = 10;

export interface Deleting {
  /** For people. */
  readonly source: string;
  /** The largest share that may go, 0 to 1. */
  readonly maxDelete: number;
}

/** Throws `repository.too-many-deletions` where more of the last copy is in none of these than may go. */
export function expectFewDeletions(
  last: Base,
  stays: Iterable<Pick<Entry | RestoredEntry, 'path' | 'type'>>,
  { source, maxDelete }: Deleting,
): void {
  const there = new Set<string>();
  for (const { path, type } of stays) if (type === 'file') there.add(path);
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
