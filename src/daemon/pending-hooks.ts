/** Keeps `after` hooks that are due in the state folder, a file for each job or source that is being backed up. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode, messageOf } from '../base/errors.ts';
import { replaceFile } from '../base/replace-file.ts';
import {
  type DueHooks,
  type LeftHooks,
  lockOf,
  type PendingHooks,
  type Remembered,
} from '../operations/hooks/pending-hooks.ts';
import type { Hook } from '../rules/hook.ts';

export interface PendingHooksHow {
  /** Takes the lock of a run; throws `run.busy` where that run is alive. */
  readonly lock: (name: string) => Disposable;
  readonly warn: (message: string) => void;
}

/** The files are readable by their owner only: hooks may contain what is nobody else's business. */
export function openPendingHooks(
  folder: string,
  { lock, warn }: PendingHooksHow,
): PendingHooks & { left(): Iterable<LeftHooks> } {
  const fileOf = ({ recoveryPoint, source }: DueHooks) =>
    join(folder, `${recoveryPoint}${source === '' ? '' : ` ${source}`}${ENDING}`);
  function remember(due: DueHooks): Remembered {
    const file = fileOf(due);
    try {
      replaceFile(file, JSON.stringify(due));
    } catch (error) {
      warn(`should this run be killed, its after hooks would not run: ${messageOf(error)}`);
      return { forget: () => {} };
    }
    return { forget: () => remove(file, warn) };
  }
  return {
    remember,
    *left() {
      for (const file of filesIn(folder)) {
        const due = readDue(file, warn);
        const held = due === undefined ? undefined : lockFree(lock, lockOf(due));
        if (due === undefined || held === undefined) continue;
        // Another process may have found it first.
        if (!existsSync(file)) held[Symbol.dispose]();
        else {
          const kept = { forget: () => remove(file, warn), replace: (other: DueHooks) => void remember(other) };
          yield { ...due, ...kept, [Symbol.dispose]: () => held[Symbol.dispose]() };
        }
      }
    },
  };
}

const ENDING = '.json';

function remove(file: string, warn: (message: string) => void): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    warn(`these after hooks will run once more: ${messageOf(error)}`);
  }
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(ENDING));
  return names.sort().map((name) => join(folder, name));
}

/** Undefined while its run is alive. */
function lockFree(lock: PendingHooksHow['lock'], name: string): Disposable | undefined {
  try {
    return lock(name);
  } catch (error) {
    if (hasCode(error, 'run.busy')) return undefined;
    throw error;
  }
}

function readDue(file: string, warn: (message: string) => void): DueHooks | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isDue(value)) return value;
  } catch (error) {
    if (!existsSync(file)) return undefined;
    warn(`after hooks of a killed run can not be read: ${messageOf(error)}; look at ${file}, then remove it`);
    return undefined;
  }
  warn(`${file} is no record of after hooks; look at it, then remove it`);
  return undefined;
}

function isDue(value: unknown): value is DueHooks {
  if (typeof value !== 'object' || value === null) return false;
  const { job, source, recoveryPoint, host, hooks } = value as Record<string, unknown>;
  const texts = [job, source, recoveryPoint, host].every((text) => typeof text === 'string');
  return texts && Array.isArray(hooks) && hooks.every(isHook);
}

function isHook(value: unknown): value is Hook {
  if (typeof value !== 'object' || value === null) return false;
  const { run, scale, to, timeoutMs } = value as Record<string, unknown>;
  const line = typeof run === 'string' || (Array.isArray(run) && run.every((word) => typeof word === 'string'));
  const scaling = typeof scale === 'object' && scale !== null && (typeof to === 'number' || to === 'former');
  return (line || scaling) && typeof timeoutMs === 'number';
}
