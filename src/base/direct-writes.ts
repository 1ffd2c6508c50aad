import { systemCode } from './errors.ts';

/** What every file system that knows O_DIRECT is content with: offsets, lengths and addresses in multiples of it. */
export const DIRECT_BLOCK_BYTES = 4096;

const REFUSALS = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * True for what a file system answers where writing without the page cache is not possible, for it or for an address that is not a multiple
 * of a block: the ordinary way is left. Anything else is a failure of the write itself.
 */
export function isDirectRefused(error: unknown): boolean {
  return REFUSALS.has(systemCode(error) ?? '');
}
