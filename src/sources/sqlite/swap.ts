import { closeSync, existsSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { utcStamp } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { COMPANIONS } from './in-use.ts';

/**
 * Puts the finished file `restored` at `path`. What is there, with its -wal, -shm and -journal (which would else be
 * replayed into the restored database), is kept as `<path>.before-restore-<UTC time>`. Returns that name, or undefined when
 * there was nothing. When a step fails, everything is where it was. Throws system errors.
 */
export function swapIn(restored: string, path: string, now: Date): string | undefined {
  syncPath(restored);
  const kept = `${path}.before-restore-${utcStamp(now)}`;
  const present = ['', ...COMPANIONS].filter((suffix) => existsSync(path + suffix));
  expectFree([kept, ...COMPANIONS.map((suffix) => kept + suffix)]);
  const moved: string[] = [];
  try {
    for (const suffix of present) {
      renameSync(path + suffix, kept + suffix);
      moved.push(suffix);
    }
    renameSync(restored, path);
  } catch (error) {
    for (const suffix of moved.reverse()) renameSync(kept + suffix, path + suffix);
    throw error;
  }
  syncPath(dirname(path));
  return present.length === 0 ? undefined : kept;
}

function expectFree(names: readonly string[]): void {
  const taken = names.find(existsSync);
  if (taken === undefined) return;
  throw new SuretyError('target.exists', `${taken} exists`, {
    hint: 'another restore ended in this very second: wait a moment and restore again',
    retry: 'later',
    details: { path: taken },
  });
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
