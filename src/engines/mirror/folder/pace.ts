import { systemClock } from '../../../base/clock.ts';

/** Waits until bytes that were carried may have been, at a mean rate. */
export type Pace = (sizeBytes: number, signal: AbortSignal) => Promise<void>;

/** `rate` in bytes a second is asked for each time; undefined: as fast as it goes. */
export function openPace(rate: () => number | undefined): Pace {
  let freeAtMs = 0;
  return async (sizeBytes, signal) => {
    const bytesPerSecond = rate();
    if (bytesPerSecond === undefined) return;
    const nowMs = systemClock.elapsedMs();
    freeAtMs = Math.max(freeAtMs, nowMs) + (sizeBytes / bytesPerSecond) * 1000;
    await systemClock.sleep(freeAtMs - nowMs, signal);
  };
}

/** The same, no faster. */
export async function* paced(
  chunks: AsyncIterable<Uint8Array>,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await pace(chunk.length, signal);
    yield chunk;
  }
}
