import { systemCode } from './errors.ts';

/** Whether a process with this id runs on this host. Ids are used again, so `true` may be about another process. */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
