import { SuretyError } from '../base/errors.ts';
import { displayName } from '../base/names.ts';
import type { EntryType } from '../sources/source.ts';
import { createSelection } from './selection.ts';

interface Level<T> {
  readonly record: T;
  readonly wanted: boolean;
  told: boolean;
}

/**
 * Selected records and, before the first of those below it, each directory above them. Throws `snapshot.path-missing` at the end when a
 * path or pattern selected nothing.
 */
export async function* selected<T extends { readonly path: string; readonly type: EntryType }>(
  records: AsyncIterable<T>,
  id: string,
  select: readonly string[] | undefined,
): AsyncGenerator<T> {
  const selection = createSelection(select);
  const levels: Level<T>[] = [];
  for await (const record of records) {
    while (levels.length > 0 && !record.path.startsWith(`${levels.at(-1)!.record.path}/`)) levels.pop();
    // Asked also below a wanted directory, so that no pattern counts as unmet because of another one.
    const wanted = selection.wants(record.path) || levels.at(-1)?.wanted === true;
    if (wanted) {
      for (const level of levels) {
        if (!level.told) yield level.record;
        level.told = true;
      }
      yield record;
    }
    if (record.type === 'dir') levels.push({ record, wanted, told: wanted });
  }
  const [missing] = selection.unmet();
  if (missing === undefined) return;
  throw new SuretyError('snapshot.path-missing', `snapshot ${id} has nothing at ${displayName(missing)}`, {
    hint: `surety show ${id} --entries lists its paths; '**/NAME' finds a name anywhere`,
    details: { snapshot: id, path: displayName(missing) },
  });
}
