import { type Clock, systemClock } from '../../base/clock.ts';
import { openGate } from '../../base/limit.ts';
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
  const upload = openMeter(rates ? () => rates().upload : uploadBytesPerSecond, clock);
  const download = openMeter(rates ? () => rates().download : downloadBytesPerSecond, clock);

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

  async function* metered(chunks: AsyncIterable<Uint8Array>, how: How): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await download?.(chunk.length, how.signal);
      yield chunk;
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
    stream: (key, range, how) => gated(metered(store.stream(key, range, how), how), how),
    stat: (key, how) => gate.run(() => store.stat(key, how), how.signal),
    list: (prefix, how) => gated(store.list(prefix, how), how),
    delete: (key, how) => gate.run(() => store.delete(key, how), how.signal),
  };
}

type Meter = (sizeBytes: number, signal: AbortSignal) => Promise<void>;

/**
 * Lets bytes pass at a mean rate. Each caller waits for its own bytes' time, after all that was asked for before. What has begun to wait
 * waits as long as was right then: callers ask for small pieces.
 */
function openMeter(rate: number | undefined | (() => number | undefined), clock: Clock): Meter | undefined {
  if (rate === undefined) return undefined;
  let freeAtMs = 0;
  return async (sizeBytes, signal) => {
    for (let left = sizeBytes; left > 0; ) {
      const bytesPerSecond = typeof rate === 'number' ? rate : rate();
      if (bytesPerSecond === undefined) {
        freeAtMs = 0;
        return;
      }
      // A big answer is there already: it is let through in turns, so that a rate that changes holds for the rest of it.
      const turnBytes = Math.min(left, Math.max(PIECE_BYTES, bytesPerSecond));
      const nowMs = clock.elapsedMs();
      freeAtMs = Math.max(freeAtMs, nowMs) + (turnBytes / bytesPerSecond) * 1000;
      left -= turnBytes;
      await clock.sleep(freeAtMs - nowMs, signal);
    }
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
