import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tool } from './tool.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'surety');

/** Surety with its defaults (a `restic` repository, zstd level 3). */
export const surety: Tool = {
  name: 'surety',
  version: [program, '--version'],
  prepare(place) {
    const configuration = {
      sources: { data: { type: 'files', paths: [place.data] } },
      repositories: {
        vault: { type: 'restic', store: `file:${place.repository}`, password: { env: 'BENCH_PASSWORD' } },
      },
      jobs: { bench: { sources: ['data'], to: ['vault'], keep: { last: 10 } } },
    };
    // YAML is a superset of JSON.
    writeFileSync(join(place.home, 'surety.yaml'), JSON.stringify(configuration, undefined, 2));
  },
  command(step, place) {
    const env = { BENCH_PASSWORD: 'bench', HOME: place.home, XDG_STATE_HOME: place.home, XDG_CACHE_HOME: place.home };
    const run = (...args: string[]) => ({ argv: [program, ...args], cwd: place.home, env });
    switch (step) {
      case 'init':
        return run('init');
      case 'first':
      case 'unchanged':
      case 'day-two':
        return run('backup', 'bench');
      case 'verify':
        return run('verify', '--read-data');
      case 'restore':
        return run('restore', 'latest', '--target', place.target);
    }
  },
  restored: (place) => join(place.target, place.data),
};
