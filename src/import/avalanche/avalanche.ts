import type { Draft } from '../draft.ts';
import type { Reader } from '../reader.ts';
import type { Settings } from '../settings.ts';

/** Names that the layout of existing backups has: `database/database_….sql.gz`, `files/files_….tar.gz`. */
export const DATABASE = 'database';
export const FILES = 'files';
export const LOCAL = 'backups';
export const CLOUD = 'cloud';

/** All that a part of the translation needs. */
export interface Avalanche {
  readonly draft: Draft;
  /** Of `config/backup.yaml`, below `backup`. */
  readonly yaml: Reader;
  readonly yamlSettings: Settings;
  /** Of `.env`. */
  readonly env: Reader;
  readonly envSettings: Settings;
  readonly exists: ((path: string) => boolean) | undefined;
}
