import { readFileSync } from 'node:fs';
import { systemCode } from './errors.ts';

/**
 * Whether a process with this id runs on this host; one that ended and that nobody has asked about does not. Ids are used again,
 * so `true` may be about another process.
 */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
  return !hasEnded(processId);
}

/** In a container whose first process asks about no children, what was killed stays in the process table for good. */
function hasEnded(processId: number): boolean {
  try {
    const status = readFileSync(`/proc/${processId}/stat`, 'latin1');
    const state = status.slice(status.lastIndexOf(')') + 2)[0];
    return state === 'Z' || state === 'X';
  } catch {
    return false;
  }
}
