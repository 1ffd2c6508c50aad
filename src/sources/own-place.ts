import { SuretyError } from '../base/errors.ts';
import { displayName } from '../base/names.ts';
import { listed } from '../base/nearest.ts';
import type { ServerRestore } from './source.ts';

export interface OwnPlaceHow {
  /** The source's name in the configuration. */
  readonly source: string;
  /** How many databases are restored. */
  readonly of: number;
}

/**
 * The name that a database of a snapshot gets: `as`, or its own. In a source that takes what another one stored it has to be one of that
 * source's, else something would be replaced that nobody named: the one that the source has, or one of the same name.
 */
export function ownPlace(database: string, { as, own }: ServerRestore, { source, of }: OwnPlaceHow): string {
  if (as !== undefined) return as;
  if (own === undefined || own.includes(database)) return database;
  const [only, ...others] = own;
  if (only !== undefined && others.length === 0 && of === 1) return only;
  const message = `the snapshot has database ${displayName(database)}, source ${source} has ${listed(own.map(displayName), 'and')}`;
  throw new SuretyError('target.failed', message, {
    hint: 'choose one database with --path, and give it a name with --as',
    details: { source, database },
  });
}
