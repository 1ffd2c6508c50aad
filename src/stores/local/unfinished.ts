import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { randomHex } from '../../base/ids.ts';
import { isRunning } from '../../base/running.ts';

/** A file that nobody wrote to for so long is left over, whoever made it. */
export const ABANDONED_AFTER_MS = 24 * 3_600_000;

let place: string | undefined;

/**
 * A fresh name for an unfinished file: `<place>-<pid>-<random>`. The place stands for the boot and the process number space, so that a
 * number is looked up only where it means something: neither on another machine that shares the folder, nor in another container.
 */
export function unfinishedName(): string {
  place ??= placeName();
  return `${place}-${process.pid}-${randomHex(8)}`;
}

function placeName(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    const numbers = readlinkSync('/proc/self/ns/pid');
    return createHash('sha256').update(`${boot}${numbers}`).digest('hex').slice(0, 12);
  } catch {
    return `x${randomHex(6).slice(1)}`;
  }
}

/** Removes what processes that have ended left behind in `folder`. What can not be removed is left to the next time. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    try {
      if (await isAbandoned(path, name)) await unlink(path);
    } catch {
      // Gone by now, or not ours to remove: a store that is only read must open all the same.
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function isAbandoned(path: string, name: string): Promise<boolean> {
  const match = /^([0-9a-fx]{12})-(\d+)-[0-9a-f]{16}$/.exec(name);
  if (match === null) return false;
  place ??= placeName();
  if (match[1] === place && !isRunning(Number(match[2]))) return true;
  const { mtimeMs } = await stat(path);
  return systemClock.now().getTime() - mtimeMs > ABANDONED_AFTER_MS;
}
