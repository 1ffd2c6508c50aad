import fs, { type BigIntStats } from 'node:fs';
import nodePath from 'node:path';
import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { lookThrough } from './entry.ts';
import { join, type Root } from './roots.ts';

/** What a root is; a link is followed, since the person named the root. Throws `source.missing` or `source.unreadable`. */
export function lookAtRoot(source: string, root: Root): BigIntStats {
  return lookOrThrow(source, join(root.base, root.entryPath));
}

/** As {@link lookAtRoot}, for any path that leads to a root. */
export function lookOrThrow(source: string, path: string): BigIntStats {
  let stats: BigIntStats | undefined;
  try {
    stats = lookThrough(path);
  } catch (error) {
    throw unreadable(source, path, error);
  }
  if (stats !== undefined) return stats;
  throw missing(source, path);
}

/** `where` is said after it, where it is not this machine: `on its host`. */
export function missing(source: string, path: string, where = ''): SuretyError {
  const words = ['does not exist', where].filter((part) => part !== '').join(' ');
  return new SuretyError('source.missing', `${displayName(path)} of source ${source} ${words}`, {
    hint: 'check the path in the configuration, and whether its disk is mounted',
    details: { source, path: displayName(path) },
  });
}

export function unreadable(source: string, path: string, cause: unknown): SuretyError {
  return new SuretyError(
    'source.unreadable',
    `${displayName(path)} of source ${source} can not be read: ${reasonOf(cause)}`,
    { hint: 'run as a user who may read it', cause, details: { source, path: displayName(path) } },
  );
}

/** A system error in words for a message that names the path itself. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return code === 'ELOOP' ? 'too many links' : messageOf(error);
}

/**
 * Looks at each root before anything is read. Returns those that are mount points of their own (as shown). Throws
 * `source.missing`, `source.unreadable`, and `source.unmounted` for one that has to be a mount point and is not:
 * because the configuration says so, or because it was one (`mountedBefore`).
 */
export function checkRoots(
  source: string,
  roots: readonly Root[],
  requireMount: boolean,
  mountedBefore: readonly string[],
): string[] {
  const mounts: string[] = [];
  for (const root of roots) {
    const stats = lookAtRoot(source, root);
    const path = join(root.base, root.entryPath);
    checkReadable(source, path, stats);
    if (isMountPoint(path, stats)) mounts.push(root.shown);
    else if (requireMount || mountedBefore.includes(root.shown)) throw unmounted(source, path);
  }
  return mounts;
}

function checkReadable(source: string, path: string, stats: BigIntStats): void {
  try {
    if (stats.isDirectory()) {
      fs.opendirSync(path).closeSync();
      fs.statSync(`${path}/.`);
    } else if (stats.isFile()) fs.closeSync(fs.openSync(path, 'r'));
  } catch (error) {
    throw unreadable(source, path, error);
  }
}

/** Whether the file system changes between a path and the directory above it. The top of all is always mounted. */
function isMountPoint(path: string, stats: BigIntStats): boolean {
  if (!stats.isDirectory()) return false;
  const real = fs.realpathSync(path);
  return real === '/' || lookThrough(nodePath.dirname(real))?.dev !== stats.dev;
}

export function unmounted(source: string, path: string): SuretyError {
  return new SuretyError('source.unmounted', `${displayName(path)} of source ${source} is not mounted`, {
    hint: 'mount it and run again; if it is a plain folder for good, run once with a new source name',
    details: { source, path: displayName(path) },
  });
}
