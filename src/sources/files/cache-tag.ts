import fs from 'node:fs';
import { systemPath } from '../../base/names.ts';

export const CACHE_TAG = 'CACHEDIR.TAG';

const SIGNATURE = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55');

/** Whether a directory that has a {@link CACHE_TAG} is marked as a cache: the tag is a file that begins with the signature. */
export function isCache(directory: string): boolean {
  let fd: number;
  try {
    // Not to hang on a fifo of that name, nor to follow a link.
    const flags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOFOLLOW;
    fd = fs.openSync(systemPath(`${directory}/${CACHE_TAG}`), flags);
  } catch {
    return false;
  }
  try {
    const start = Buffer.alloc(SIGNATURE.length);
    return fs.readSync(fd, start, 0, start.length, 0) === start.length && start.equals(SIGNATURE);
  } catch {
    return false;
  } finally {
    fs.closeSync(fd);
  }
}
