import { seemsSecret } from '../secrets.ts';
import { type Setting, textOf, textsOf } from '../settings.ts';
import type { Borgmatic } from './borgmatic.ts';

type When = 'always' | 'success' | 'failure';

/** Hooks from before version 2.0, and when those of a job that are the same are due. */
const BEFORE = ['before_everything', 'before_actions', 'before_backup'] as const;
const AFTER: readonly (readonly [key: string, when: When])[] = [
  ['after_backup', 'success'],
  ['after_actions', 'success'],
  ['after_everything', 'always'],
  ['on_error', 'failure'],
];

interface Found {
  readonly side: 'before' | 'after';
  readonly when: When;
  readonly setting: Setting;
}

export interface Hooks {
  readonly value: Readonly<Record<string, unknown>>;
  readonly from: readonly Setting[];
}

/** The hooks of the job; undefined where there are none. */
export function hooksOf(borgmatic: Borgmatic): Hooks | undefined {
  const { draft, settings } = borgmatic;
  const all: Found[] = [];
  for (const key of BEFORE)
    for (const setting of takenAs(settings.take(key))) all.push({ side: 'before', when: 'always', setting });
  for (const [key, when] of AFTER)
    for (const setting of takenAs(settings.take(key))) all.push({ side: 'after', when, setting });
  for (let at = 0; settings.has(`commands[${at}]`); at++) all.push(...commandOf(borgmatic, `commands[${at}]`));
  const value: Record<'before' | 'after', unknown[]> = { before: [], after: [] };
  const from: Setting[] = [];
  for (const { side, when, setting } of all) {
    const lines = textsOf(setting);
    if (lines === undefined || lines.some(seemsSecret)) {
      draft.omit(
        setting,
        'a command seems to have a secret in it, which is not copied',
        'put it into a script, and name that in `hooks` of the job',
      );
    } else if (lines.some((line) => /\{[a-z_]+\}/.test(line))) {
      draft.omit(
        setting,
        'names in braces are filled in by borgmatic only',
        'write the command anew in `hooks` of the job',
      );
    } else {
      from.push(setting);
      value[side].push(...lines.map((run) => (side === 'before' || when === 'always' ? run : { run, when })));
    }
  }
  if (from.length === 0) return undefined;
  return { value: Object.fromEntries(Object.entries(value).filter(([, list]) => list.length > 0)), from };
}

function takenAs(setting: Setting | undefined): Setting[] {
  return setting === undefined ? [] : [setting];
}

/** One of `commands`: before or after a point of the run, perhaps only for some actions or endings. */
function commandOf({ draft, settings }: Borgmatic, item: string): Found[] {
  const [before, after, run] = [
    settings.take(`${item}.before`),
    settings.take(`${item}.after`),
    settings.take(`${item}.run`),
  ];
  const [actions, states] = [settings.take(`${item}.when`), settings.take(`${item}.states`)];
  if (run === undefined) return [];
  const isForBackup = actions === undefined || (textsOf(actions)?.includes('create') ?? false);
  if (!isForBackup) {
    draft.omit(run, 'hooks are for backups only', 'run the command beside `surety cleanup` or `surety verify` in cron');
    return [];
  }
  if (before !== undefined) return [{ side: 'before', when: 'always', setting: run }];
  const ends = states === undefined ? [] : (textsOf(states) ?? []);
  const failed = (after !== undefined && textOf(after) === 'error') || (ends.length === 1 && ends[0] === 'fail');
  const succeeded = ends.length === 1 && ends[0] === 'finish';
  return [{ side: 'after', when: failed ? 'failure' : succeeded ? 'success' : 'always', setting: run }];
}
