import { join } from 'node:path';
import type { Step, Tool } from './tool.ts';

const ARCHIVES: Partial<Record<Step, string>> = { first: 'day-1', unchanged: 'day-1-again', 'day-two': 'day-2' };

/** borg with its defaults, the key in the repository, and zstd level 3, which it has to be told. */
export const borg: Tool = {
  name: 'borg',
  version: ['borg', '--version'],
  command(step, place) {
    const env = {
      BORG_REPO: place.repository,
      BORG_PASSPHRASE: 'bench',
      BORG_BASE_DIR: join(place.home, 'base'),
    };
    switch (step) {
      case 'init':
        return { argv: ['borg', 'init', '--encryption', 'repokey'], env };
      case 'first':
      case 'unchanged':
      case 'day-two':
        return {
          argv: ['borg', 'create', '--compression', 'zstd,3', `::${ARCHIVES[step]}`, '.'],
          cwd: place.data,
          env,
        };
      case 'verify':
        return { argv: ['borg', 'check', '--verify-data'], env };
      case 'restore':
        return { argv: ['borg', 'extract', '::day-2'], cwd: place.target, env };
    }
  },
  restored: (place) => place.target,
};
