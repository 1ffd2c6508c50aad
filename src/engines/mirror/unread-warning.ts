import { systemCode } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { Entry, Warning } from '../../sources/source.ts';

/** What is said of a file of this machine that could not be read, and is left out; undefined where it was something else that failed. */
export function unreadWarning({ path }: Pick<Entry, 'path'>, error: unknown): Warning | undefined {
  const name = displayName(path);
  switch (systemCode(error)) {
    case 'ENOENT':
      return { code: 'entry.vanished', path, message: `${name} vanished before it was read` };
    case 'EACCES':
    case 'EPERM':
      return { code: 'entry.unreadable', path, message: `${name} can not be read: permission denied` };
    default:
      return undefined;
  }
}
