/** Reads the profiles of resticprofile, versions 1 and 2, as calls of restic. */
import type { Draft } from '../draft.ts';
import type { Input } from '../input.ts';
import { seemsSecret } from '../secrets.ts';
import { createSettings, type Setting, textOf, textsOf } from '../settings.ts';
import { isMapping, settingsOf, type YamlDocument } from '../yaml-text.ts';
import { byName, type Options, type ResticCall } from './call.ts';

const VERBS = ['backup', 'forget', 'retention', 'check', 'prune'];
/** Sections that are no profiles. */
const OTHERS = ['global', 'groups', 'mixins', 'includes', 'version', 'schedules', 'profiles'];
/** What resticprofile does itself, besides calling restic. */
const OWN_KEYS =
  /^(?:source|inherit|description|initialize|lock|force-inactive-lock|status-file|prometheus-|schedule|run-|send-|before-backup|after-backup|extended-status|no-error-on-warning|check-|use|\$)/;

export function profileCalls(input: Input, shared: readonly Setting[], draft: Draft): ResticCall[] {
  if (input.kind !== 'yaml') return [];
  return input.documents.flatMap((document) => {
    const root = isMapping(document.value) ? document.value : {};
    const isSecond = isMapping(root.profiles);
    const all: Readonly<Record<string, unknown>> = isMapping(root.profiles) ? root.profiles : root;
    const names = Object.keys(all).filter((name) => isMapping(all[name]) && (isSecond || !OTHERS.includes(name)));
    const own = new Map(
      names.map((name) => [name, settingsOf(input.name, document, isSecond ? ['profiles', name] : [name])]),
    );
    omitGroups(input.name, document, draft);
    const isBase = (name: string) =>
      [...own.values()].flat().some(({ key, value }) => key === 'inherit' && value === name);
    const isWhole = (name: string) => own.get(name)?.some(({ key }) => /^backup\.source/.test(key)) === true;
    const called = names.filter((name) => isWhole(name) || !isBase(name));
    return called.flatMap((name) => callsOf(name, inherited(name, own), shared, draft));
  });
}

function omitGroups(file: string, document: YamlDocument, draft: Draft): void {
  if (!isMapping(document.value) || !Object.hasOwn(document.value, 'groups')) return;
  const setting = { file, line: document.lineOf(['groups']), key: 'groups', value: '' };
  draft.omit(setting, 'each job has a schedule of its own', 'give several jobs in one call: `surety backup JOB JOB`');
}

/** The profile's settings after those of what it inherits from; the last of a name counts. */
function inherited(
  name: string,
  own: ReadonlyMap<string, readonly Setting[]>,
  seen: readonly string[] = [],
): readonly Setting[] {
  const settings = own.get(name) ?? [];
  const parent = settings.find(({ key }) => key === 'inherit')?.value;
  if (typeof parent !== 'string' || seen.includes(parent)) return settings;
  return [...inherited(parent, own, [...seen, name]), ...settings];
}

function callsOf(name: string, all: readonly Setting[], shared: readonly Setting[], draft: Draft): ResticCall[] {
  const settings = createSettings(all);
  const top = all.filter(({ key }) => !/[.[]/.test(key));
  const variables = new Map([...byName(shared), ...environmentOf(all), ...accessOf(top, name)]);
  const self = { ...(all[0] ?? { file: '', line: 1, value: '' }), key: name };
  return VERBS.filter((verb) => settings.has(verb)).map((verb) => {
    const below = all.filter(({ key }) => key.startsWith(`${verb}.`)).map((setting) => named(setting, name));
    const options = new Map<string, Setting[]>();
    for (const { option, setting } of below) if (!OWN_KEYS.test(option)) options.set(option, [setting]);
    const schedule = below.find(({ option }) => option === 'schedule')?.setting;
    const hooks =
      verb === 'backup' ? hooksOf([...top.map((setting) => named(setting, name)), ...below], draft) : undefined;
    return {
      ...{ verb: verb === 'retention' ? 'forget' : verb, profile: name, options, variables, self, hooks },
      paths: below
        .filter(({ option }) => option === 'source')
        .slice(-1)
        .map(({ setting }) => setting),
      schedule: scheduleOf(schedule, draft),
      ...{ piped: false, folder: undefined },
    };
  });
}

interface Named {
  readonly option: string;
  readonly setting: Setting;
}

/** The option, and the setting called as the file calls it: `default.backup.exclude`. */
function named(setting: Setting, profile: string): Named {
  return {
    option: setting.key.split('.').slice(1).join('.') || setting.key,
    setting: { ...setting, key: `${profile}.${setting.key}` },
  };
}

const ACCESS: Readonly<Record<string, string>> = {
  repository: 'RESTIC_REPOSITORY',
  'repository-file': 'RESTIC_REPOSITORY_FILE',
  'password-file': 'RESTIC_PASSWORD_FILE',
  'password-command': 'RESTIC_PASSWORD_COMMAND',
  compression: 'RESTIC_COMPRESSION',
  'pack-size': 'RESTIC_PACK_SIZE',
};

/** The profile's own words for what restic has variables for. */
function accessOf(top: readonly Setting[], profile: string): (readonly [string, Setting[]])[] {
  return top.flatMap((setting) => {
    const variable = ACCESS[setting.key];
    return variable === undefined ? [] : [[variable, [{ ...setting, key: `${profile}.${setting.key}` }]] as const];
  });
}

function environmentOf(all: readonly Setting[]): Options {
  const own = all.filter(({ key }) => key.startsWith('env.'));
  return byName(own.map((setting) => ({ ...setting, key: setting.key.slice('env.'.length).toUpperCase() })));
}

/** resticprofile takes times of systemd; the common ones have a name in cron. */
const CALENDAR: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  weekly: '0 0 * * 1',
  monthly: '0 0 1 * *',
  yearly: '0 0 1 1 *',
};

function scheduleOf(setting: Setting | undefined, draft: Draft): Setting | undefined {
  const text = setting === undefined ? undefined : textOf(setting);
  if (setting === undefined || text === undefined) return undefined;
  const time = /^(?:\*-\*-\* )?(\d{1,2}):(\d{2})(?::00)?$/.exec(text);
  const cron = CALENDAR[text] ?? (time === null ? undefined : `${Number(time[2])} ${Number(time[1])} * * *`);
  if (cron !== undefined) return { ...setting, value: cron };
  draft.omit(
    setting,
    'it is a time of systemd that has no name in cron here',
    'write it as five cron fields to `schedule` of the job',
  );
  return undefined;
}

const ENDINGS: Readonly<Record<string, string>> = {
  'run-after': 'success',
  'run-after-fail': 'failure',
  'run-finally': 'always',
};

function hooksOf(all: readonly Named[], draft: Draft): ResticCall['hooks'] {
  const before: unknown[] = [];
  const after: unknown[] = [];
  const from: Setting[] = [];
  for (const { option, setting } of all) {
    const lines = /^run-/.test(option) ? textsOf(setting) : undefined;
    if (lines === undefined) continue;
    if (lines.some(seemsSecret)) {
      draft.omit(
        setting,
        'a command seems to have a secret in it, which is not copied',
        'put it into a script, and name that in `hooks` of the job',
      );
      continue;
    }
    from.push(setting);
    if (option === 'run-before') before.push(...lines);
    else
      after.push(
        ...lines.map((run) => (ENDINGS[option] === 'always' ? run : { run, when: ENDINGS[option] ?? 'success' })),
      );
  }
  if (from.length === 0) return undefined;
  return { value: { ...(before.length > 0 ? { before } : {}), ...(after.length > 0 ? { after } : {}) }, from };
}
