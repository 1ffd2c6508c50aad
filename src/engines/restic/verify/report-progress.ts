import type { Clock } from '../../../base/clock.ts';
import type { Progress, ProgressHow } from '../../engine.ts';

export interface VerifyProgress {
  /** So many trees are done. */
  trees(count: number): void;
  /** One more pack of so many was read. */
  pack(sizeBytes: number, totalPacks: number, totalBytes: number): void;
  /** Tells what was not told yet. */
  end(): void;
}

const PAUSE_MS = 100;

export function reportProgress(clock: Clock, { progress }: ProgressHow): VerifyProgress {
  let toldMs = Number.NEGATIVE_INFINITY;
  let untold: Progress | undefined;
  let packs = 0;
  let readBytes = 0;

  function tell(now: Progress): void {
    untold = now;
    const nowMs = clock.elapsedMs();
    if (nowMs - toldMs < PAUSE_MS) return;
    toldMs = nowMs;
    untold = undefined;
    progress?.(now);
  }

  return {
    trees: (count) => tell({ phase: 'check', items: count, sizeBytes: 0 }),
    pack(sizeBytes, totalPacks, totalBytes) {
      packs += 1;
      readBytes += sizeBytes;
      tell({ phase: 'read', items: packs, totalItems: totalPacks, sizeBytes: readBytes, totalBytes });
    },
    end() {
      if (untold !== undefined) progress?.(untold);
    },
  };
}
