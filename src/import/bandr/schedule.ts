import type { Draft } from '../draft.ts';
import type { Run } from './run.ts';

/** When the container runs; its clock is UTC unless the manifest says otherwise. */
export function schedule({ schedule: when, timeZone, self }: Run, job: string, draft: Draft): void {
  if (when === undefined)
    draft.note(self, 'nothing says when it runs: set `schedule` of the job, or import its CronJob as well');
  else draft.put('jobs', job, 'schedule', when.value, when);
  draft.put('jobs', job, 'time_zone', timeZone?.value ?? 'UTC', timeZone);
}
