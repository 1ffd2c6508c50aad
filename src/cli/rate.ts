/** How fast something goes, and how long it still takes. */

export interface Rate {
  /** Takes how much is done at a time that never goes back. */
  add(doneBytes: number, atMs: number): void;
  /** Bytes per second over the last seconds, or undefined before it is known. */
  bytesPerSecond(): number | undefined;
  /** Milliseconds until `totalBytes` are done, or undefined when nobody can tell. */
  remainingMs(totalBytes: number | undefined): number | undefined;
}

const WINDOW_MS = 15_000;
const SHORTEST_MS = 1000;
/** Of what is told more often, the last of such a while is kept: many thousands of small files may be done in a second. */
const SAMPLE_MS = 100;

export function openRate(): Rate {
  let samples: { readonly doneBytes: number; readonly atMs: number }[] = [];

  const bytesPerSecond = () => {
    const first = samples[0];
    const last = samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < SHORTEST_MS) return undefined;
    return ((last.doneBytes - first.doneBytes) * 1000) / (last.atMs - first.atMs);
  };

  return {
    add(doneBytes, atMs) {
      const last = samples.at(-1);
      if (last !== undefined && doneBytes < last.doneBytes) samples = [];
      const before = samples.at(-2);
      if (before !== undefined && atMs - before.atMs < SAMPLE_MS) samples.pop();
      samples.push({ doneBytes, atMs });
      // One sample from before the window stays, so that a pause does not make the rate unknown.
      const fresh = samples.findIndex((sample) => sample.atMs >= atMs - WINDOW_MS);
      if (fresh > 1) samples = samples.slice(fresh - 1);
    },
    bytesPerSecond,
    remainingMs(totalBytes) {
      const speed = bytesPerSecond();
      const last = samples.at(-1);
      if (totalBytes === undefined || speed === undefined || last === undefined || speed <= 0) return undefined;
      return Math.max(0, (totalBytes - last.doneBytes) / speed) * 1000;
    },
  };
}
