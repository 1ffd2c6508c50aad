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

  /** Takes a place on the least busy connection before anybody else looks. */
  async function take(): Promise<Entry> {
    if (closed) throw new SuretyError('store.failed', 'the store was closed');
    entries = entries.filter(({ session }) => session.isOpen());
    const [first, ...others] = entries;
    if (first === undefined) {
      const [underWay] = openings;
      await (underWay ?? openOne());
      return await take();
    }
    const best = others.reduce((least, one) => (one.users < least.users ? one : least), first);
    if (best.users >= BUSY_FROM) openMore();
    best.users += 1;
    return best;
  }

  async function lease(signal: AbortSignal): Promise<Lease> {
    const taking = take();
    const leave = (entry: Entry): void => {
      entry.users -= 1;
    };
    try {
      const entry = await untilAborted(taking, signal);
      return { session: entry.session, [Symbol.dispose]: () => leave(entry) };
    } catch (error) {
      // It may come when nobody waits for it any more.
      taking.then(leave, () => undefined);
      throw error;
    }
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
