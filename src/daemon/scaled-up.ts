import type { Config } from '../config/config.ts';
import { type HookSet, isScaling } from '../rules/hook.ts';

/** Whether hooks give a source, or a job that backs it up, its pods: between backups there may be none. */
export function isScaledUp({ sources, jobs }: Pick<Config, 'sources' | 'jobs'>, name: string): boolean {
  const sets = [
    ...sources.filter((source) => source.name === name),
    ...jobs.filter((job) => job.sources.includes(name)),
  ];
  return sets.some(({ hooks }) => scalesUp(hooks));
}

function scalesUp({ before }: HookSet): boolean {
  return before.some((hook) => isScaling(hook) && hook.to !== 'former' && hook.to > 0);
}
