/** Makes a tree of files from a reading that no program can read by itself, with the writer of file sources. */
import { hasCode, SuretyError, systemCode } from '../../../base/errors.ts';
import type { Source } from '../../../sources/source.ts';
import type { Update } from '../place.ts';
import { FULL_HINT } from './commands.ts';
import { Filling, type FillingHow } from './filling.ts';

export interface Written {
  readonly writtenBytes: number;
  /** Hashes of what came as streams, by path, as it was read. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Paths of files that were not to be had, and were warned of. */
  readonly gone: Iterable<string>;
  /** Of these, those of this machine that could not be read. */
  readonly unread: readonly string[];
}

/** `folder` is empty and that of the writer. `baseFolder` is the copy that `update.base` is about. */
export async function writeTree(
  writer: Source,
  update: Update,
  baseFolder: string | undefined,
  how: FillingHow,
): Promise<Written> {
  const filling = new Filling(update, baseFolder, how);
  const writing = writer.write(filling.restoring(), {
    // Of what is gone the source, or who looked for it, has warned already; what failed fails the whole.
    warn: (warning) => (warning.code === 'entry.failed' ? undefined : how.warn(warning)),
    ...{ signal: how.signal, target: undefined, conflict: 'overwrite', dryRun: false },
  });
  const report = await writing.catch((error: unknown) => {
    throw ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '') ? full(error) : error;
  });
  const lost = report.failed.filter(({ path }) => !filling.gone.has(path));
  const [first] = lost;
  if (hasCode(first?.error, 'target.full')) throw full(first?.error);
  if (first !== undefined) {
    const more = lost.length > 1 ? `, and ${lost.length - 1} more` : '';
    throw new SuretyError('repository.failed', `${first.path} could not be mirrored${more}: ${first.error.message}`, {
      cause: first.error,
    });
  }
  const { writtenBytes, hashes, gone, unread } = filling;
  return { writtenBytes, hashes, gone, unread };
}

function full(cause: unknown): SuretyError {
  return new SuretyError('store.full', 'there is no room for the new copy of the mirror', { cause, hint: FULL_HINT });
}
