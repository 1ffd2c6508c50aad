import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, SuretyError } from '../../base/errors.ts';

/** Where a local store is and how it is opened. */
export interface LocalStoreOptions {
  /** Absolute path of the store's folder. */
  readonly path: string;
  /** Make the folder when it is missing. Without it, a missing folder is an error: the disk may not be mounted. */
  readonly create?: boolean;
}

/**
 * The folder of a store URL: `file:data/backups` is relative to `baseFolder`, `file:/backup` is absolute; both are taken as
 * they are. `file:///backup/my%20disk` is a URL in full form and is decoded. Undefined when `url` is not a `file:` URL.
 * Fails with `store.invalid-url`.
 */
export function localStoreOptions(url: string, baseFolder: string): LocalStoreOptions | undefined {
  if (!url.startsWith('file:')) return undefined;
  const path = url.startsWith('file://') ? decodedPath(url) : url.slice('file:'.length);
  if (path === '' || url === 'file://' || path.includes('\0')) throw invalidUrl(url, 'it names no folder');
  return { path: resolve(baseFolder, path) };
}

function decodedPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw invalidUrl(url, messageOf(error), error);
  }
}

function invalidUrl(url: string, problem: string, cause?: unknown): SuretyError {
  return new SuretyError('store.invalid-url', `store "${url}" can not be used: ${problem}`, {
    hint: 'write file:some/folder (relative to the configuration file) or file:/some/folder',
    cause,
  });
}
