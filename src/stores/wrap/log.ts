import { type Clock, systemClock } from '../../base/clock.ts';
import { bodySize } from '../body.ts';
import type { Store } from '../store.ts';

/** One finished call, as it is told to the listener. */
export interface StoreCall {
  readonly call: 'put' | 'read' | 'stream' | 'stat' | 'list' | 'delete';
  /** The key, or the prefix of a list. */
  readonly key: string;
  readonly elapsedMs: number;
  /** Bytes written or read; undefined where there are none or the size was not known beforehand. */
  readonly sizeBytes?: number | undefined;
  /** Number of keys a list has yielded. */
  readonly keys?: number | undefined;
  /** What the call failed with. */
  readonly error?: unknown;
}

type Named = Pick<StoreCall, 'call' | 'key'>;
type Counted = Pick<StoreCall, 'sizeBytes' | 'keys'>;

/** Tells `listen` of every call when it has ended, well or not. A stream or list that is left early counts as ended. */
export function withLog(store: Store, listen: (call: StoreCall) => void, clock: Clock = systemClock): Store {
  function start(named: Named): (more?: Partial<StoreCall>) => void {
    const startMs = clock.elapsedMs();
    return (more) => listen({ ...named, elapsedMs: clock.elapsedMs() - startMs, ...more });
  }

  async function told<T>(named: Named, run: () => Promise<T>, count?: (result: T) => Counted): Promise<T> {
    const tell = start(named);
    try {
      const result = await run();
      tell(count?.(result));
      return result;
    } catch (error) {
      tell({ error });
      throw error;
    }
  }

  async function* toldEach<T>(named: Named, items: AsyncIterable<T>, count: (item: T, sum: Counted) => Counted) {
    const tell = start(named);
    let sum: Counted = {};
    let failure: Partial<StoreCall> = {};
    try {
      for await (const item of items) {
        sum = count(item, sum);
        yield item;
      }
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      tell({ ...sum, ...failure });
    }
  }

  return {
    ...store,
    put: (key, body, how) =>
      told(
        { call: 'put', key },
        () => store.put(key, body, how),
        () => ({ sizeBytes: bodySize(body) }),
      ),
    read: (key, range, how) =>
      told(
        { call: 'read', key },
        () => store.read(key, range, how),
        (bytes) => ({ sizeBytes: bytes.length }),
      ),
    stream: (key, range, how) =>
      toldEach({ call: 'stream', key }, store.stream(key, range, how), (chunk, { sizeBytes = 0 }) => ({
        sizeBytes: sizeBytes + chunk.length,
      })),
    stat: (key, how) => told({ call: 'stat', key }, () => store.stat(key, how)),
    list: (prefix, how) =>
      toldEach({ call: 'list', key: prefix }, store.list(prefix, how), (_, { keys = 0 }) => ({ keys: keys + 1 })),
    delete: (key, how) => told({ call: 'delete', key }, () => store.delete(key, how)),
  };
}
