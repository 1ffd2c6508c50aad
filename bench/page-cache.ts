import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

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

const SHARED_MEMORY = '/dev/shm';

/** Bytes of memory that nobody uses, not even for files; 0 where that is not told. */
export function unusedMemory(): number {
  try {
    const [, kibibytes = '0'] = /^MemFree:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return 0;
  }
}

/**
 * Writes so much memory and frees it. In a virtual machine the host may give memory only when it is first written to, which takes longer than
 * all that a tool does with it, and would be paid by the one that comes first. Does nothing where there is no file system in memory.
 */
export function touchMemory(sizeBytes: number): void {
  const path = `${SHARED_MEMORY}/surety-bench-${process.pid}`;
  try {
    execFileSync('sh', ['-c', 'head -c "$0" /dev/zero > "$1"', String(sizeBytes), path], { stdio: 'ignore' });
  } catch {
    // Not enough room, or none at all: the tools take turns all the same.
  } finally {
    rmSync(path, { force: true });
  }
}
