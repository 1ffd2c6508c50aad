/** Progress that is told about ten times a second, however often there is some. */
import type { Clock } from '../base/clock.ts';
import type { Progress, ProgressHow } from './engine.ts';

const EVERY_MS = 100;

/** Tells the first report, the last of a phase that says its total, and others when enough time has passed. */
export function pacedProgress({ progress }: ProgressHow, clock: Clock): (report: Progress) => void {
  if (progress === undefined) return () => {};
  let toldMs = Number.NEGATIVE_INFINITY;
  return (report) => {
    const nowMs = clock.elapsedMs();
    const isLast = report.totalItems !== undefined && report.items === report.totalItems;
    if (nowMs - toldMs < EVERY_MS && !isLast) return;
    toldMs = nowMs;
    progress(report);
  };
}
