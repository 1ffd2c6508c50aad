import { join } from 'node:path';
import type { Tool } from './tool.ts';

/** `cp -a` there and back: no backup, but the floor for creating the same files. Only when asked for by `--tools`. */
export const copy: Tool = {
  name: 'copy',
  version: ['cp', '--version'],
  command(step, place) {
    if (step === 'first') return { argv: ['cp', '-a', place.data, place.repository], env: {} };
    if (step === 'day-two') {
      return { argv: ['sh', '-c', 'rm -rf "$1" && cp -a "$0" "$1"', place.data, place.repository], env: {} };
    }
    if (step === 'restore') return { argv: ['cp', '-a', join(place.repository, '.'), place.target], env: {} };
    return undefined;
  },
  restored: (place) => place.target,
};
