/**
 * Translates the ways in which people run restic: variables, command lines in scripts and crontabs, and the profiles of resticprofile. The
 * repositories stay what they are: Surety reads and writes them.
 */
import type { Draft } from '../draft.ts';
import type { Input } from '../input.ts';
import { nameOf } from '../names.ts';
import type { Setting } from '../settings.ts';
import type { Translation } from '../translation.ts';
import { byName, type ResticCall, resticCall } from './call.ts';
import { type Keep, keepOf } from './keep.ts';
import { profileCalls } from './profile.ts';
import { type KnownRepositories, repositoryOf } from './repository.ts';
import { sourceOf } from './source.ts';
import { isBesideSecret, omitVariables } from './variables.ts';

/** Commands that have a schedule of their own, and what they are in `maintenance`. */
const HOUSEKEEPING: Readonly<Record<string, string>> = {
  check: 'verify',
  prune: 'cleanup',
  forget: 'cleanup',
};

export function translateRestic({ inputs, draft }: Translation): void {
  const shared = inputs.flatMap((input) => (input.kind === 'env' ? input.settings : []));
  const calls = [
    ...inputs.flatMap((input) => scriptCalls(input, shared, inputs)),
    ...inputs.flatMap((input) => profileCalls(input, shared, draft)),
  ];
  const known: KnownRepositories = new Map();
  const kept = new Map<string, Keep>();
  for (const call of calls.filter(({ verb }) => verb === 'forget')) keepFor(call, kept, known, draft);
  for (const call of calls.filter(({ verb }) => verb === 'backup')) backupOf(call, kept, known, draft);
  for (const call of calls.filter(({ verb }) => verb !== 'backup')) housekeeping(call, draft);
  for (const input of inputs) omitTimers(input, draft);
  if (calls.length === 0) repositoryOf(callOf(shared), known, draft);
  omitVariables([...shared, ...inputs.flatMap(setByScript)], draft);
}

/** Times of systemd are written in another way than those of cron. */
function omitTimers({ name, text }: Input, draft: Draft): void {
  for (const [at, line] of text.split('\n').entries()) {
    if (!/^OnCalendar=\S/.test(line)) continue;
    const setting = { file: name, line: at + 1, key: 'OnCalendar', value: '' };
    draft.omit(
      setting,
      'it is a time of systemd',
      'write it as five cron fields to `schedule` of the job, or let the timer start `surety backup`',
    );
  }
}

function setByScript(input: Input): readonly Setting[] {
  return input.kind === 'script' ? input.script.variables.filter(isBesideSecret) : [];
}

/** The calls of restic in a script or crontab; one that cron starts has the schedule of the line that does. */
function scriptCalls(input: Input, shared: readonly Setting[], inputs: readonly Input[]): ResticCall[] {
  if (input.kind !== 'script') return [];
  return input.script.commands.flatMap((command) => {
    const call = resticCall(command, shared);
    if (call === undefined) return [];
    return [call.schedule === undefined ? { ...call, schedule: scheduleOf(input.name, inputs) } : call];
  });
}

/** The schedule of a line in a crontab that starts this script. */
function scheduleOf(script: string, inputs: readonly Input[]): Setting | undefined {
  const last = script.split('/').at(-1);
  for (const input of inputs) {
    for (const { words, schedule, file, line } of input.kind === 'script' ? input.script.commands : []) {
      const starts = schedule !== undefined && words.some(({ text }) => text.split('/').at(-1) === last);
      if (starts) return { file, line, key: `${schedule} ${last}`, value: schedule };
    }
  }
  return undefined;
}

/** Without any call, the variables alone name a repository. */
function callOf(variables: readonly Setting[]): ResticCall {
  const self = variables[0] ?? { file: '', line: 1, key: 'restic', value: '' };
  return {
    ...{ verb: '', profile: undefined, options: new Map(), paths: [], variables: byName(variables) },
    ...{ schedule: undefined, piped: false, folder: undefined, self },
  };
}

function keepFor(call: ResticCall, kept: Map<string, Keep>, known: KnownRepositories, draft: Draft): void {
  const repository = repositoryOf(call, known, draft);
  const keep = keepOf(call.options, draft);
  if (keep === undefined) return;
  const id = keepId(call, repository);
  if (!kept.has(id)) kept.set(id, keep);
  else
    for (const one of keep.from)
      draft.omit(
        one,
        'the job of this repository has rules already',
        'give the sources jobs of their own, each with its `keep`',
      );
}

function keepId({ profile }: ResticCall, repository: string | undefined): string {
  return `${profile ?? ''}\0${repository ?? ''}`;
}

function backupOf(call: ResticCall, kept: ReadonlyMap<string, Keep>, known: KnownRepositories, draft: Draft): void {
  const repository = repositoryOf(call, known, draft);
  const source = sourceOf(call, draft);
  if (source === undefined) return;
  if (repository === undefined)
    draft.omit(
      call.self,
      'it names no repository that is known',
      'write the repository by hand, and name it in `to` of the job',
    );
  const job = nameOf(call.profile ?? source, (one) => draft.has('jobs', one));
  draft.put('jobs', job, 'sources', [source]);
  draft.put('jobs', job, 'to', repository === undefined ? 'all' : [repository]);
  if (call.schedule !== undefined) draft.put('jobs', job, 'schedule', call.schedule.value, call.schedule);
  const keep = kept.get(keepId(call, repository));
  if (keep !== undefined) draft.put('jobs', job, 'keep', keep.value, ...keep.from);
  if (call.hooks !== undefined) draft.put('jobs', job, 'hooks', call.hooks.value, ...call.hooks.from);
}

/** Checking and cleaning up at times of their own. */
function housekeeping({ verb, schedule, options }: ResticCall, draft: Draft): void {
  const work = HOUSEKEEPING[verb];
  if (work === undefined || schedule === undefined) return;
  if (draft.has('maintenance', work)) {
    const known = draft.sections.maintenance.get(work)?.schedule;
    if (known === schedule.value) draft.put('maintenance', work, 'schedule', known, schedule);
    else draft.omit(schedule, `${work} has the schedule ${String(known)} already`, 'choose one of the two by hand');
    return;
  }
  const later = isTimeOfJob(schedule, draft) ? hoursLater(schedule.value) : undefined;
  draft.put('maintenance', work, 'schedule', later ?? schedule.value, schedule);
  if (later !== undefined)
    draft.note(schedule, `${work} comes ${LATER_HOURS} hours after the backup, so that it does not meet it`);
  if (verb === 'check' && options.has('read-data')) draft.put('maintenance', work, 'read_data', true);
}

/** In one script, one command waited for the other. */
function isTimeOfJob({ value }: Setting, draft: Draft): boolean {
  return [...draft.sections.jobs.values()].some(({ schedule }) => schedule === value);
}

const LATER_HOURS = 3;

/** Undefined where the schedule has not one hour. */
function hoursLater(schedule: unknown): string | undefined {
  const [minute, hour = '', ...days] = String(schedule).split(' ');
  if (days.length !== 3 || !/^\d{1,2}$/.test(hour)) return undefined;
  return [minute, (Number(hour) + LATER_HOURS) % 24, ...days].join(' ');
}
