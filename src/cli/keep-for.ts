/** What jobs keep in which repository. */
import { systemTimeZone } from '../base/environment.ts';
import type { Platform } from '../daemon/compose.ts';
import type { KeepFor } from '../operations/keep-decision.ts';

/**
 * By the name of a repository. A job without `keep` keeps everything of its sources, also what another job would let go. `allowOld`: also
 * where the newest backup is older than the job allows.
 */
export function keepFor(platform: Platform, allowOld: boolean): (repository: string) => KeepFor[] {
  const timeZone = systemTimeZone();
  return (repository) =>
    platform.jobs
      .filter(({ to, copyTo }) => to.includes(repository) || copyTo.some((one) => one.repository === repository))
      .map((job) => ({
        job: job.name,
        sources: job.sources,
        policy: job.keepIn[repository] ?? job.keep,
        timeZone: job.timeZone ?? timeZone,
        newestWithinMs: allowOld ? undefined : job.newestWithinMs,
      }));
}
