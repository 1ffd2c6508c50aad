/** All that a configuration says is to be done by schedule. */
import type { Scheduled } from '../rules/scheduled.ts';
import type { Config } from './config.ts';

/** Backups of jobs in the order of the file, then maintenance. */
export function scheduledOf({ jobs, maintenance, sources, repositories, notifications }: Config): Scheduled[] {
  const named = <One extends { readonly name: string }>(all: readonly One[], names: readonly string[]) =>
    all.filter(({ name }) => names.includes(name));
  const backups = jobs.flatMap((job): Scheduled[] => {
    const { name, schedule, timeZone } = job;
    if (schedule === undefined) return [];
    const variables = variablesIn([
      named(sources, job.sources),
      named(repositories, [...job.to, ...copying(job)]),
      notifications,
    ]);
    return [
      { name: `backup ${name}`, verb: 'backup', job: name, args: ['backup', name], schedule, timeZone, variables },
    ];
  });
  const others = maintenance.map(({ verb, schedule, timeZone, args }): Scheduled => {
    return {
      name: verb,
      verb,
      job: '',
      args,
      schedule,
      timeZone,
      variables: variablesIn([repositories, notifications]),
    };
  });
  return [...backups, ...others];
}

/** Names of all repositories that copies of a job are about. */
function copying({ copyTo }: Config['jobs'][number]): string[] {
  return copyTo.flatMap(({ repository, from = [] }) => [repository, ...from]);
}

/** Names of the variables that secrets come from, `{ env: NAME }`, anywhere in a part of the configuration; in order. */
function variablesIn(value: unknown): string[] {
  const names = new Set<string>();
  const visit = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return;
    const inner = Object.entries(one);
    const [first] = inner;
    if (inner.length === 1 && first?.[0] === 'env' && typeof first[1] === 'string') names.add(first[1]);
    for (const [, below] of inner) visit(below);
  };
  visit(value);
  return [...names].sort();
}
