import { join } from 'node:path';
import type { Tool } from './tool.ts';

/** restic with its defaults; repository format 2 compresses with zstd at its own level "auto", which is 3. */
export const restic: Tool = {
  name: 'restic',
  version: ['restic', 'version'],
  command(step, place) {
    const env = {
      RESTIC_REPOSITORY: place.repository,
      RESTIC_PASSWORD: 'bench',
      RESTIC_CACHE_DIR: join(place.home, 'cache'),
    };
    const run = (...args: string[]) => ({ argv: ['restic', '--quiet', ...args], env });
    switch (step) {
      case 'init':
        return run('init', '--repository-version', '2');
      case 'first':
      case 'unchanged':
      case 'day-two':
        return { ...run('backup', '.'), cwd: place.data };
      case 'verify':
        return run('check', '--read-data');
      case 'restore':
        return run('restore', 'latest', '--target', place.target);
    }
  },
  restored: (place) => place.target,
};
