/** Translates the configuration of borgmatic, also with the sections (`location`, `storage`, …) that it had before version 1.8. */
import type { Draft } from '../draft.ts';
import type { Input } from '../input.ts';
import { createReader } from '../reader.ts';
import { createSettings, type Setting } from '../settings.ts';
import type { Translation } from '../translation.ts';
import { settingsOf } from '../yaml-text.ts';
import type { Borgmatic } from './borgmatic.ts';
import { databaseSources } from './databases.ts';
import { filesSource } from './files.ts';
import { hooksOf } from './hooks.ts';
import { keepOf } from './keep.ts';
import { omitOthers } from './options.ts';
import { repositoriesOf } from './repositories.ts';

const JOB = 'main';
const OLD_SECTIONS = /^(?:location|storage|retention|consistency|output|hooks)\./;

export function translateBorgmatic({ inputs, draft }: Translation): void {
  const settings = createSettings(inputs.flatMap((input) => withConstants(optionsOf(input, draft))));
  const borgmatic: Borgmatic = { draft, settings, reader: createReader(settings, draft) };
  const sources = [...databaseSources(borgmatic), ...filesSource(borgmatic)];
  const repositories = repositoriesOf(borgmatic);
  if (sources.length > 0) {
    draft.put('jobs', JOB, 'sources', sources);
    draft.put('jobs', JOB, 'to', repositories.length > 0 ? repositories : 'all');
    const schedule = scheduleOf(inputs);
    if (schedule !== undefined) draft.put('jobs', JOB, 'schedule', schedule.value, schedule);
    const keep = keepOf(borgmatic);
    if (keep !== undefined) draft.put('jobs', JOB, 'keep', keep.value, ...keep.from);
    const hooks = hooksOf(borgmatic);
    if (hooks !== undefined) draft.put('jobs', JOB, 'hooks', hooks.value, ...hooks.from);
  }
  omitOthers(borgmatic);
}

function optionsOf(input: Input, draft: Draft): Setting[] {
  if (input.kind !== 'yaml') return [];
  return input.documents.flatMap((document) => {
    for (const { tag, line } of document.tags) {
      const setting = { file: input.name, line, key: tag, value: '' };
      draft.omit(
        setting,
        'what it stands for is in another file',
        'import what `borgmatic config validate --show` prints',
      );
    }
    const all = settingsOf(input.name, document);
    return all.map((setting) => ({ ...setting, key: setting.key.replace(OLD_SECTIONS, '') }));
  });
}

/** Names in braces stand for `constants`. */
function withConstants(all: readonly Setting[]): Setting[] {
  const constants = new Map(
    all
      .filter(({ key }) => key.startsWith('constants.'))
      .map(({ key, value }) => [key.slice('constants.'.length), String(value)]),
  );
  if (constants.size === 0) return [...all];
  const filled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(filled);
    return typeof value === 'string'
      ? value.replaceAll(/\{([A-Za-z_]\w*)\}/g, (whole, name: string) => constants.get(name) ?? whole)
      : value;
  };
  return all
    .filter(({ key }) => !key.startsWith('constants.'))
    .map((setting) => ({ ...setting, value: filled(setting.value) }));
}

/** The line of a crontab that starts borgmatic. */
function scheduleOf(inputs: readonly Input[]): Setting | undefined {
  for (const input of inputs) {
    for (const { words, schedule, file, line } of input.kind === 'script' ? input.script.commands : []) {
      const starts = schedule !== undefined && words.some(({ text }) => /(?:^|\/)borgmatic$/.test(text));
      if (starts) return { file, line, key: `${schedule} borgmatic`, value: schedule };
    }
  }
  return undefined;
}
