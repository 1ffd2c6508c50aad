/** Gives up work that makes no progress, or takes longer than it may. */

import { formatBytes } from '../../base/bytes.ts';
import { type Clock, LONGEST_WAIT_MS } from '../../base/clock.ts';
import { formatElapsed } from '../../base/durations.ts';
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { Progress } from '../../engines/engine.ts';
import type { Reading } from '../../sources/source.ts';
import { watchReading } from './watched-reading.ts';

export interface Patience {
  /** Without progress for this long, the work is given up; 0: never. */
  readonly stallMs: number;
  /** How long it may take in all; undefined: as long as it wants. */
  readonly limitMs: number | undefined;
}

export interface Watch {
  /** Aborted by the signal that was given, by a stall and by the end of the time that is allowed. */
  readonly signal: AbortSignal;
  /** Takes what an engine tells. */
  readonly progress: (progress: Progress) => void;
  /** Something went on that no engine tells of. */
  readonly alive: () => void;
  /** The same reading; what it hands out counts as progress. */
  watched(reading: Reading): Reading;
}

export interface WatchHow {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly progress: (progress: Progress) => void;
}

/** How long work that was told to end may take for that before nobody waits for it any more. */
const GRACE_MS = 20_000;

/**
 * Does the work under watch. Throws `run.stalled` or `run.too-long` instead of whatever the work throws when it was given up, also when
 * it does not end at all.
 */
export async function withPatience<Result>(
  { stallMs, limitMs }: Patience,
  how: WatchHow,
  work: (watch: Watch) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const signal = AbortSignal.any([how.signal, controller.signal]);
  const activity = openActivity(how);
  const givenUp = Promise.withResolvers<never>();
  givenUp.promise.catch(() => {});
  using timers = openTimers();
  const giveUp = (reason: SuretyError) => {
    if (signal.aborted) return;
    controller.abort(reason);
    timers.start(GRACE_MS, () => givenUp.reject(reason));
  };
  const look = () => {
    const idleMs = activity.idleMs();
    if (idleMs >= stallMs) giveUp(stalled(idleMs, activity.doing()));
    else timers.start(stallMs - idleMs, look);
  };
  if (stallMs > 0) timers.start(stallMs, look);
  if (limitMs !== undefined) timers.start(limitMs, () => giveUp(tooLong(limitMs, activity.doing())));
  try {
    return await Promise.race([work({ signal, ...activity }), givenUp.promise]);
  } catch (error) {
    if (!controller.signal.aborted || how.signal.aborted) throw error;
    throw controller.signal.reason;
  }
}

function openTimers(): Disposable & { start(afterMs: number, call: () => void): void } {
  const timers = new Set<NodeJS.Timeout>();
  return {
    start(afterMs, call) {
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          if (afterMs > LONGEST_WAIT_MS) this.start(afterMs - LONGEST_WAIT_MS, call);
          else call();
        },
        Math.min(afterMs, LONGEST_WAIT_MS),
      );
      timers.add(timer);
    },
    [Symbol.dispose]() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

interface Activity extends Omit<Watch, 'signal'> {
  /** Since the last sign of life. */
  idleMs(): number;
  /** What was going on then; '' when nothing was. */
  doing(): string;
}

function openActivity({ clock, progress }: WatchHow): Activity {
  let aliveMs = clock.elapsedMs();
  let last: Progress | undefined;
  let current = '';
  let streamedBytes = 0;
  const alive = () => {
    aliveMs = clock.elapsedMs();
  };
  const streaming = (path: string, sizeBytes: number) => {
    current = path;
    streamedBytes = sizeBytes;
    alive();
  };
  return {
    alive,
    progress(value) {
      if (last === undefined || differs(last, value)) alive();
      last = value;
      progress(value);
    },
    watched: (reading) => watchReading(reading, { alive, streaming }),
    idleMs: () => clock.elapsedMs() - aliveMs,
    doing() {
      if (current !== '') return `reading ${displayName(current)} (${formatBytes(streamedBytes)} so far)`;
      if (last === undefined) return '';
      const at = last.current === undefined ? '' : `, last at ${displayName(last.current)}`;
      return `${WORDS[last.phase]} (${last.items.toLocaleString('en-US')} done, ${formatBytes(last.sizeBytes)}${at})`;
    },
  };
}

const WORDS: Readonly<Record<Progress['phase'], string>> = {
  scan: 'scanning',
  read: 'reading',
  write: 'writing',
  check: 'checking',
  repack: 'repacking',
  delete: 'deleting',
};

function differs(left: Progress, right: Progress): boolean {
  return (
    left.phase !== right.phase ||
    left.items !== right.items ||
    left.sizeBytes !== right.sizeBytes ||
    left.current !== right.current
  );
}

function stalled(idleMs: number, doing: string): SuretyError {
  return new SuretyError(
    'run.stalled',
    `no progress for ${formatElapsed(idleMs)}${doing === '' ? '' : ` while ${doing}`}; given up`,
    { hint: 'look at what it waits for; if it is only slow, raise stall_timeout of the job', retry: 'later' },
  );
}

function tooLong(limitMs: number, doing: string): SuretyError {
  return new SuretyError(
    'run.too-long',
    `not done within ${formatElapsed(limitMs)}${doing === '' ? '' : `, still ${doing}`}; given up`,
    { hint: 'raise time_limit of the job, or back up less at once' },
  );
}
