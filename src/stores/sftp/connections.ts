import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { untilAborted } from './pipeline.ts';
import type { Session } from './session.ts';

/** The connections of a store: made when they are needed, more when one is busy, anew when one was lost. */
export interface Connections extends AsyncDisposable {
  /** The least busy connection, until it is given back. Fails with the port's codes when none can be made. */
  lease(signal: AbortSignal): Promise<Lease>;
  /** A call with such a connection; the signal ends the wait for both. */
  use<T>(signal: AbortSignal, call: (session: Session) => Promise<T>): Promise<T>;
}

export interface Lease extends Disposable {
  readonly session: Session;
}

interface Entry {
  readonly session: Session;
  users: number;
}

/** Calls that one connection has before another one is made. */
const BUSY_FROM = 2;
/** A server that lets no more connections in is asked again after this time. */
const ASK_AGAIN_MS = 30_000;

/** Connections from `open`, at most `most` at once. */
export function openConnections(open: () => Promise<Session>, most: number): Connections {
  let entries: Entry[] = [];
  const openings = new Set<Promise<Entry>>();
  let refusedMs: number | undefined;
  let closed = false;

  function openOne(): Promise<Entry> {
    const opening = open().then(async (session) => {
      const entry = { session, users: 0 };
      if (closed) await session.close();
      else entries.push(entry);
      return entry;
    });
    openings.add(opening);
    void opening.catch(() => undefined).then(() => openings.delete(opening));
    return opening;
  }

  /** In the background: who asks now takes one that is there. */
  function openMore(): void {
    if (entries.length + openings.size >= most) return;
    if (refusedMs !== undefined && systemClock.elapsedMs() - refusedMs < ASK_AGAIN_MS) return;
    openOne().catch(() => {
      refusedMs = systemClock.elapsedMs();
    });
  }

  async function leastBusy(): Promise<Entry> {
    if (closed) throw new SuretyError('store.failed', 'the store was closed');
    entries = entries.filter(({ session }) => session.isOpen());
    const [first, ...others] = entries;
    if (first !== undefined) return others.reduce((best, one) => (one.users < best.users ? one : best), first);
    const [under] = openings;
    const made = await (under ?? openOne());
    return made.session.isOpen() && !closed ? made : await leastBusy();
  }

  async function lease(signal: AbortSignal): Promise<Lease> {
    const entry = await untilAborted(leastBusy(), signal);
    if (entry.users >= BUSY_FROM) openMore();
    entry.users += 1;
    return {
      session: entry.session,
      [Symbol.dispose]() {
        entry.users -= 1;
      },
    };
  }

  return {
    lease,
    async use(signal, call) {
      using leased = await lease(signal);
      return await untilAborted(call(leased.session), signal);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await Promise.allSettled(openings);
      await Promise.all(entries.map(({ session }) => session.close()));
    },
  };
}
