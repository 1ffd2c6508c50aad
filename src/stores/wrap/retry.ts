import { type Clock, systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { type FailedAttempt, mayRetry, pauseBeforeRetry, type RetryPolicy, retry } from '../../base/retry.ts';
import { openBody } from '../body.ts';
import type { Body, How, ObjectLocks, PutHow, Range, Store, Stored } from '../store.ts';

export interface RetryOptions {
  readonly policy?: RetryPolicy;
  readonly clock?: Clock;
  /** Told before each pause, with the call such as `put data/ab…`. */
  readonly onRetry?: (call: string, failed: FailedAttempt) => void;
}

/**
 * Repeats calls that fail with an error whose `retry` is `later`. A list starts anew and leaves out what it has yielded, so each key still
 * comes once. A stream goes on where it broke off; where its key was replaced meanwhile it goes on in the new body, so who replaces what
 * others stream has them check what they got, as all engines do.
 */
export function withRetry(store: Store, options: RetryOptions = {}): Store {
  const settings = (call: string, how: How) => ({
    signal: how.signal,
    policy: options.policy,
    clock: options.clock,
    onRetry: (failed: FailedAttempt) => options.onRetry?.(call, failed),
  });

  const now = () => (options.clock ?? systemClock).elapsedMs();

  async function put(key: string, body: Body, how: PutHow): Promise<void> {
    const { sent, isSpent } = watchOpening(body);
    await retry(
      async (attempt) => {
        try {
          await store.put(key, sent, how);
        } catch (error) {
          if (isSpent()) throw asLast(error);
          // An earlier attempt may have stored the body although its answer was lost.
          const mayBeOurs = attempt > 1 && hasCode(error, 'store.exists', 'store.locked');
          if (!mayBeOurs || !(await holds(store, key, body, how))) throw error;
          if (how.keepUntil !== undefined) await store.locks?.extend(key, how.keepUntil, how);
        }
      },
      settings(`put ${key}`, how),
    );
  }

  async function* stream(key: string, range: Range | undefined, how: How): AsyncGenerator<Uint8Array> {
    let taken = 0;
    let startedMs = now();
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const chunk of store.stream(key, rest(range, taken), how)) {
          taken += chunk.length;
          attempt = 1;
          yield chunk;
          startedMs = now();
        }
        return;
      } catch (error) {
        await pauseBeforeRetry(error, attempt, { ...settings(`stream ${key}`, how), startedMs });
      }
    }
  }

  async function* list(prefix: string, how: How): AsyncGenerator<Stored> {
    const yielded = new Set<string>();
    let startedMs = now();
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const stored of store.list(prefix, how)) {
          if (yielded.has(stored.key)) continue;
          yielded.add(stored.key);
          yield stored;
          startedMs = now();
        }
        return;
      } catch (error) {
        await pauseBeforeRetry(error, attempt, { ...settings(`list ${prefix}`, how), startedMs });
      }
    }
  }

  const again =
    <T>(call: string, run: (how: How) => Promise<T>) =>
    (how: How) =>
      retry(() => run(how), settings(call, how));

  const lastingLocks = (locks: ObjectLocks): ObjectLocks => ({
    extend: (key, until, how) => retry(() => locks.extend(key, until, how), settings(`lock ${key}`, how)),
    until: (key, how) => retry(() => locks.until(key, how), settings(`look at lock ${key}`, how)),
  });

  return {
    ...store,
    put,
    read: (key, range, how) => retry(() => store.read(key, range, how), settings(`read ${key}`, how)),
    stream,
    stat: (key, how) => retry(() => store.stat(key, how), settings(`stat ${key}`, how)),
    list,
    delete: (key, how) => retry(() => store.delete(key, how), settings(`delete ${key}`, how)),
    ...(store.describe && { describe: again('describe', store.describe) }),
    ...(store.serverTime && { serverTime: again('serverTime', store.serverTime) }),
    ...(store.locks && { locks: lastingLocks(store.locks) }),
  };
}

/** A body that can be opened once is not put again after it was: the adapter has repeated what could be. */
function watchOpening(body: Body): { readonly sent: Body; readonly isSpent: () => boolean } {
  if (body instanceof Uint8Array || body.once !== true) return { sent: body, isSpent: () => false };
  let opened = false;
  const open = (how: How) => {
    opened = true;
    return body.open(how);
  };
  return { sent: { ...body, open }, isSpent: () => opened };
}

/** The same failure, without the promise that the call may succeed later. */
function asLast(error: unknown): unknown {
  if (!mayRetry(error) || !(error instanceof SuretyError)) return error;
  return new SuretyError(error.code, error.message, {
    hint: error.hint ?? 'run it again: what was sent is read from its source once',
    details: error.details,
    cause: error,
  });
}

function rest(range: Range | undefined, taken: number): Range | undefined {
  if (taken === 0) return range;
  return {
    offset: (range?.offset ?? 0) + taken,
    length: range?.length === undefined ? undefined : range.length - taken,
  };
}

/** Whether the store has exactly this body under `key`. */
async function holds(store: Store, key: string, body: Body, how: How): Promise<boolean> {
  const found = await store.stat(key, how);
  if (found === undefined) return false;
  let at = 0;
  for await (const chunk of openBody(body, how)) {
    if (at + chunk.length > found.sizeBytes) return false;
    const there = await store.read(key, { offset: at, length: chunk.length }, how);
    if (Buffer.compare(there, chunk) !== 0) return false;
    at += chunk.length;
  }
  return at === found.sizeBytes;
}
