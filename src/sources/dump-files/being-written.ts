/** Whether a program is still writing a file. */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { formatElapsed } from '../../base/durations.ts';
import type { Candidate } from './candidate.ts';
import { UNFINISHED_ENDINGS } from './candidates.ts';

export function ageOf({ stats }: Candidate, now: Date): number {
  return now.getTime() - Number(stats.mtimeNs / 1_000_000n);
}

/** Why its age says that it may still be written, as in `the file …`. */
export function tooYoung(ageMs: number, minAgeMs: number): string | undefined {
  if (ageMs < 0) return `is dated ${formatElapsed(-ageMs)} in the future`;
  if (ageMs < minAgeMs) return `was changed ${formatElapsed(ageMs)} ago and may still be written`;
  return undefined;
}

/** Why it may still be written, as in `the file …`; undefined when nothing speaks for that. */
export function beingWritten({ path }: Candidate): string | undefined {
  const beside = UNFINISHED_ENDINGS.find((ending) => existsSync(path + ending));
  if (beside !== undefined) return besideIt(beside);
  const writer = openWriter(path);
  return writer === undefined ? undefined : writtenBy(writer);
}

export function besideIt(ending: string): string {
  return `is being written: there is a file of its name and ${ending} beside it`;
}

export function writtenBy(processId: number): string {
  return `is being written by process ${processId}`;
}

/** The process that has the file open for writing, as far as this user may see it; only Linux tells. */
function openWriter(path: string): number | undefined {
  const real = realPath(path);
  return namesIn('/proc')
    .map(Number)
    .find((id) => Number.isInteger(id) && hasOpenForWriting(id, real));
}

function hasOpenForWriting(processId: number, path: string): boolean {
  return namesIn(`/proc/${processId}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${processId}/fd/${fd}`) === path && isWriting(`/proc/${processId}/fdinfo/${fd}`);
    } catch {
      // It was closed meanwhile, or is none of this user's business.
      return false;
    }
  });
}

const ACCESS_MODE = 0o3;

function isWriting(info: string): boolean {
  const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(info, 'latin1'))?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & ACCESS_MODE) !== 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
