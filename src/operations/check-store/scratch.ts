import { type Clock, systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { eachConcurrently } from '../../base/limit.ts';
import type { How, Store } from '../../stores/store.ts';
import { type StoreFinding, warning } from './finding.ts';

/** Where a check works: below a prefix that nobody else has. */
export interface Scratch {
  readonly store: Store;
  /** An empty part of it; closing that removes what is in it. */
  fresh(): Promise<Store>;
  /** Removes everything. With `wait`, also what is locked for some seconds. Returns what stays, never throws. */
  remove(how: { readonly wait: boolean }): Promise<StoreFinding | undefined>;
}

const REMOVE_TIMEOUT_MS = 120_000;
/** The locks of a check end within this time. */
const LOCKS_END_MS = 65_000;
const PAUSE_MS = 5_000;
const NOT_LET_IN = ['store.credentials', 'store.untrusted', 'store.denied'];

export function openScratch(
  store: Store,
  part: (store: Store, prefix: string) => Store,
  how: How & { readonly clock: Clock },
): Scratch {
  const prefix = `surety-check-${randomHex(4)}`;
  const raw = part(store, prefix);
  let parts = 0;
  let hasWritten = false;
  const all = withSignal(raw, how.signal);
  const scratch: Store = {
    ...all,
    put: async (...given) => {
      const put = await all.put(...given);
      hasWritten = true;
      return put;
    },
  };

  async function fresh(): Promise<Store> {
    how.signal.throwIfAborted();
    parts += 1;
    const inner = part(scratch, String(parts));
    return { ...inner, [Symbol.asyncDispose]: async () => void (await empty(inner, { signal: how.signal })) };
  }

  async function remove({ wait }: { readonly wait: boolean }): Promise<StoreFinding | undefined> {
    const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
    const untilMs = how.clock.elapsedMs() + (wait ? LOCKS_END_MS : 0);
    try {
      for (;;) {
        const locked = await empty(raw, { signal });
        const kept = locked > 0 ? locked : ((await raw.trials?.destroy?.('', { signal })) ?? 0);
        if (kept === 0) return undefined;
        if (how.clock.elapsedMs() > untilMs || how.signal.aborted)
          return remains(`${kept} locked bodies stay`, store, prefix);
        await how.clock.sleep(PAUSE_MS, signal);
      }
    } catch (error) {
      // Nothing is left in a place that is not there.
      if (hasCode(error, 'store.not-found')) return undefined;
      // Whoever was not let in has written nothing, and the finding about the access says why.
      if (!hasWritten && error instanceof SuretyError && NOT_LET_IN.includes(error.code)) return undefined;
      if (!(error instanceof SuretyError) && !signal.aborted) throw error;
      const why = error instanceof SuretyError ? error.message : 'it takes too long';
      return remains(`what was written could not be removed: ${why}`, store, prefix);
    }
  }

  return { store: scratch, fresh, remove };
}

function remains(problem: string, store: Store, prefix: string): StoreFinding {
  const hint = `remove it later: everything in ${store.traits.location} whose name begins with ${prefix}/`;
  return { what: 'tidiness', ...warning(problem, hint) };
}

/** Deletes what can be deleted. Returns how many bodies are locked, for some seconds yet. */
async function empty(store: Store, how: How): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of store.list('', how)) keys.push(key);
  let locked = 0;
  await eachConcurrently(keys, store.traits.connections, how.signal, async (key, signal) => {
    try {
      await store.delete(key, { signal });
    } catch (error) {
      if (!hasCode(error, 'store.locked')) throw error;
      locked += 1;
    }
  });
  return locked;
}

/** Every call also ends when `ended` does: what is run on it may know no signal. */
function withSignal(store: Store, ended: AbortSignal): Store {
  const both = <H extends How>(how: H): H => ({ ...how, signal: AbortSignal.any([how.signal, ended]) });
  return {
    ...store,
    put: (key, body, how) => store.put(key, body, both(how)),
    read: (key, range, how) => store.read(key, range, both(how)),
    stream: (key, range, how) => store.stream(key, range, both(how)),
    stat: (key, how) => store.stat(key, both(how)),
    list: (prefix, how) => store.list(prefix, both(how)),
    delete: (key, how) => store.delete(key, both(how)),
  };
}

/** How long `run` took, in milliseconds. */
export async function timed(run: () => Promise<unknown>, clock: Clock = systemClock): Promise<number> {
  const beforeMs = clock.elapsedMs();
  await run();
  return clock.elapsedMs() - beforeMs;
}
