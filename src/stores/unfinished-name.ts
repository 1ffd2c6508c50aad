/** Names of files that are being written in stores made of folders, so that others can tell which of them nobody finishes any more. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { randomHex } from '../base/ids.ts';
import { isRunning } from '../base/running.ts';

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

/** Who made a file of this name: a process that has ended, one that may be at it still, or nobody who writes stores. */
export function makerOf(name: string): 'ended' | 'unknown' | 'other' {
  const match = /^([0-9a-fx]{12})-(\d+)-[0-9a-f]{16}$/.exec(name);
  if (match === null) return 'other';
  place ??= placeName();
  return match[1] === place && !isRunning(Number(match[2])) ? 'ended' : 'unknown';
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
