import type { Clock } from './clock.ts';

/** Lets bytes pass at a mean rate. Each caller waits for its own bytes' time, after all that was asked for before. */
export type Meter = (sizeBytes: number, signal: AbortSignal) => Promise<void>;

/** So many bytes at least wait together: a timer for each would take longer than they do. */
const TURN_BYTES = 1 << 16;

/**
 * `rate`: bytes a second, which is asked for again and again where it changes; undefined: as fast as it goes. What has begun to wait waits as
 * long as was right then.
 */
export function openMeter(rate: number | (() => number | undefined), clock: Clock): Meter {
  let freeAtMs = 0;
  return async (sizeBytes, signal) => {
    for (let left = sizeBytes; left > 0; ) {
      const bytesPerSecond = typeof rate === 'number' ? rate : rate();
      if (bytesPerSecond === undefined) {
        freeAtMs = 0;
        return;
      }
      // Many bytes at once are let through in turns, so that a rate that changes holds for the rest of them.
      const turnBytes = Math.min(left, Math.max(TURN_BYTES, bytesPerSecond));
      const nowMs = clock.elapsedMs();
      freeAtMs = Math.max(freeAtMs, nowMs) + (turnBytes / bytesPerSecond) * 1000;
      left -= turnBytes;
      await clock.sleep(freeAtMs - nowMs, signal);
    }
  };
}

/** The same chunks, no faster. */
export async function* metered(
  chunks: AsyncIterable<Uint8Array>,
  meter: Meter,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await meter(chunk.length, signal);
    yield chunk;
  }
}
