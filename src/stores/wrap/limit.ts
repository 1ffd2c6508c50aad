import { type Clock, systemClock } from '../../base/clock.ts';
import { openGate } from '../../base/limit.ts';
import { type Meter, metered, openMeter } from '../../base/meter.ts';
import { inPieces } from '../../base/streams.ts';
import { bodySize, openBody } from '../body.ts';
import type { Body, How, Store } from '../store.ts';
import { liveTraits } from './live-traits.ts';

export interface LimitOptions {
  /** Calls at once; default: the store's own number. A stream or list counts while its next piece is fetched. */
  readonly connections?: number;
  readonly uploadBytesPerSecond?: number;
  readonly downloadBytesPerSecond?: number;
  /** In place of these, rates that change: asked for each piece. */
  readonly rates?: (() => LineRates) | undefined;
  readonly clock?: Clock;
}

/** Bytes a second; undefined: as fast as it goes. */
export interface LineRates {
  readonly upload?: number | undefined;
  readonly download?: number | undefined;
}

const PIECE_BYTES = 1 << 16;

/** Keeps a store from being asked for too much at once, and from filling the line. */
export function withLimit(store: Store, options: LimitOptions): Store {
  const connections = options.connections ?? store.traits.connections;
  const gate = openGate(connections);
  const clock = options.clock ?? systemClock;
  const { rates, uploadBytesPerSecond, downloadBytesPerSecond } = options;
  const meterOf = (rate: number | undefined | (() => number | undefined)) =>
    rate === undefined ? undefined : openMeter(rate, clock);
  const upload = meterOf(rates ? () => rates().upload : uploadBytesPerSecond);
  const download = meterOf(rates ? () => rates().download : downloadBytesPerSecond);

  // A place is held while the next item is fetched, not while the caller works on it: that work may call this store too.
  async function* gated<T>(items: AsyncIterable<T>, how: How): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await gate.run(() => iterator.next(), how.signal);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  return {
    ...store,
    traits: liveTraits(store, { connections }),
    put: (key, body, how) => gate.run(() => store.put(key, slowBody(body, upload), how), how.signal),
    read: (key, range, how) =>
      gate.run(async () => {
        const bytes = await store.read(key, range, how);
        await download?.(bytes.length, how.signal);
        return bytes;
      }, how.signal),
    stream(key, range, how) {
      const chunks = store.stream(key, range, how);
      return gated(download === undefined ? chunks : metered(chunks, download, how.signal), how);
    },
    stat: (key, how) => gate.run(() => store.stat(key, how), how.signal),
    list: (prefix, how) => gated(store.list(prefix, how), how),
    delete: (key, how) => gate.run(() => store.delete(key, how), how.signal),
  };
}

function slowBody(body: Body, upload: Meter | undefined): Body {
  if (upload === undefined) return body;
  const sizeBytes = bodySize(body);
  const once = !(body instanceof Uint8Array) && body.once === true;
  return { ...(sizeBytes === undefined ? {} : { sizeBytes }), once, open: (how) => slowChunks(body, upload, how) };
}

async function* slowChunks(body: Body, upload: Meter, how: How): AsyncGenerator<Uint8Array> {
  for await (const chunk of openBody(body, how)) {
    for await (const piece of inPieces(chunk, PIECE_BYTES)) {
      await upload(piece.length, how.signal);
      yield piece;
    }
  }
}
