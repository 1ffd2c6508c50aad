import { statfs } from 'node:fs/promises';
import { formatBytes } from '../../base/bytes.ts';
import { type ErrorFacts, messageOf, SuretyError, systemCode } from '../../base/errors.ts';

const PASSING = new Set([
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOTCONN',
  'EHOSTDOWN',
  'ESTALE',
  'ETIMEDOUT',
]);

/** An error of the body that is being put: not the store's, so it comes out as it is. */
export class BodyFailure extends Error {}

/** The port's error for a native one. `action` says what was tried: `write index/ab…`. */
export async function localFailure(error: unknown, action: string, root: string): Promise<unknown> {
  if (error instanceof BodyFailure) return error.cause;
  const code = systemCode(error);
  if (code === undefined) return error;
  const say = (storeCode: string, problem: string, facts: ErrorFacts = {}): SuretyError =>
    new SuretyError(`store.${storeCode}`, `can not ${action} in ${root}: ${problem}`, { cause: error, ...facts });

  switch (code) {
    case 'ENOENT':
      return say('not-found', 'no such file or folder');
    case 'EACCES':
    case 'EPERM':
      return say('denied', 'permission denied', { hint: 'give the user who runs surety access to this folder' });
    case 'EROFS':
      return say('read-only', 'the file system is read-only', { hint: 'mount it writable, or choose another folder' });
    case 'ENOSPC':
      return say('full', 'the disk is full', { hint: await freeSpaceHint(root) });
    case 'EDQUOT':
      return say('full', 'the disk quota is used up', {
        hint: `raise the quota, or ${await freeSpaceHint(root)}`,
      });
    case 'EFBIG':
      return say('full', 'the file would be larger than the file system or a limit allows');
    case 'ENAMETOOLONG':
      return say('invalid-key', 'the name is too long for this file system');
  }
  if (PASSING.has(code)) return say('unavailable', messageOf(error), { retry: 'later' });
  const hint = code === 'EIO' ? "the disk may be failing: look at the system's log" : undefined;
  return say('failed', code === 'EIO' ? 'input/output error' : messageOf(error), { hint });
}

async function freeSpaceHint(root: string): Promise<string> {
  try {
    const { bavail, bsize, ffree, files } = await statfs(root);
    const inodes = files > 0 && ffree === 0 ? ' and no inode is free' : '';
    return `make room there, or run surety cleanup: ${formatBytes(bavail * bsize)} are free on the file system of ${root}${inodes}`;
  } catch {
    return `make room on the file system of ${root}, or run surety cleanup`;
  }
}
