import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { RestoredEntry, Restoring } from '../source.ts';
import { type Part, partOf } from './entry-names.ts';

export interface DatabasePart {
  /** Its name when it was backed up. */
  readonly database: string;
  readonly format: Extract<Part, { kind: 'database' }>['format'];
  /** Path of the file or folder in the snapshot. */
  readonly entry: string;
  /** One, or with format directory all in the folder. */
  readonly files: readonly RestoredEntry[];
}

/** What a snapshot, or what was selected of it, has for a server. */
export interface SnapshotParts {
  readonly globals: RestoredEntry | undefined;
  readonly dumpall: RestoredEntry | undefined;
  readonly databases: readonly DatabasePart[];
}

/** Throws `target.failed` for what this source can not have stored. */
export async function collectParts(restoring: Restoring, source: string): Promise<SnapshotParts> {
  let globals: RestoredEntry | undefined;
  let dumpall: RestoredEntry | undefined;
  const databases = new Map<string, DatabasePart & { readonly files: RestoredEntry[] }>();
  for await (const batch of restoring.entries()) {
    for (const entry of batch) {
      const [top = '', ...rest] = entry.path.split('/');
      const part = partOf(top);
      const fits =
        part !== undefined &&
        (part.kind === 'database' && part.format === 'directory' ? rest.length < 2 : rest.length === 0);
      if (!fits) throw unknownEntry(entry, source);
      if (entry.type !== 'file') continue;
      if (part.kind === 'globals') globals = entry;
      else if (part.kind === 'dumpall') dumpall = entry;
      else {
        const known = databases.get(top) ?? { database: part.database, format: part.format, entry: top, files: [] };
        known.files.push(entry);
        databases.set(top, known);
      }
    }
  }
  return { globals, dumpall, databases: [...databases.values()] };
}

function unknownEntry({ path }: RestoredEntry, source: string): SuretyError {
  return new SuretyError('target.failed', `${displayName(path)} of ${source} is no dump of PostgreSQL`, {
    hint: 'nothing was changed; restore the files with another tool and look at them',
  });
}
