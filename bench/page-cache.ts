import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/**
 * Gives every tool the same start. What the step reads is read once beforehand, so that it is in memory, and everything written before is
 * flushed, so that no step pays for the one before it. With `cold` (root only) the caches are emptied instead.
 */
export function settlePageCache(reads: readonly string[], cold: boolean): void {
  execFileSync('sync');
  if (cold) {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return;
  }
  // tar skips reading when it sees that its output is /dev/null; cat does not.
  for (const folder of reads) execFileSync('sh', ['-c', 'tar -cf - -C "$0" . | cat > /dev/null', folder]);
}
