import { setFlagsFromString } from 'node:v8';

/**
 * Lets the heap of this thread grow as the engine likes. The program starts with a tight one, which suits work on files of this machine;
 * each piece that comes over a network is an allocation, and collecting so often would take as long as all other work.
 */
export function letHeapGrow(): void {
  setFlagsFromString('--heap-growing-percent=0');
}
