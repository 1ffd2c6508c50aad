/**
 * A gate that lets at most `places` calls through at once; the others wait in the order they came.
 */
export interface Gate {
  /** Runs `call` once there is a place. Throws the signal's reason when it is aborted while waiting. */
  run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Takes a place until the returned function is called. */
  enter(signal: AbortSignal): Promise<Leave>;
}

/** Gives the place back; calls after the first do nothing. */
export type Leave = () => void;

export function openGate(places: number): Gate {
  if (!Number.isInteger(places) || places < 1) throw new RangeError(`a gate needs at least one place, not ${places}`);
  let free = places;
  const waiting = new Set<() => void>();

  function leave(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  async function enter(signal: AbortSignal): Promise<Leave> {
    signal.throwIfAborted();
    if (free > 0) free -= 1;
    else await turn(waiting, signal);
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  }

  return {
    enter,
    async run(call, signal) {
      const done = await enter(signal);
      try {
        return await call();
      } finally {
        done();
      }
    },
  };
}

function turn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const admit = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = (): void => {
      waiting.delete(admit);
      reject(signal.reason);
    };
    waiting.add(admit);
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

/**
 * Calls `work` for every item, at most `places` at once, and pulls an item only when there is a place for it. After the first
 * failure no further item is pulled; what is under way is awaited, then the failure is thrown. `work` gets a signal
 * that is aborted by `signal` and by the failure of another item.
 */
export async function eachConcurrently<T>(
  items: Iterable<T> | AsyncIterable<T>,
  places: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gate = openGate(places);
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    failed.abort(error);
  };
  try {
    for await (const item of items) {
      const leave = await gate.enter(both);
      const task = work(item, both).catch(fail).finally(leave);
      running.add(task);
      void task.finally(() => running.delete(task));
      if (both.aborted) break;
    }
    signal.throwIfAborted();
  } catch (error) {
    fail(error);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}
