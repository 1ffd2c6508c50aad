/** Turns the configuration of another backup program into `surety.yaml`, with an account of all that it could not carry over. */
import { messageOf, SuretyError } from '../base/errors.ts';
import { checkConfig } from '../config/parse.ts';
import { CONFIG_NAME } from '../config/read.ts';
import { translateAvalanche } from './avalanche/translate.ts';
import { translateBandr } from './bandr/translate.ts';
import { translateBorgmatic } from './borgmatic/translate.ts';
import { type Carried, createDraft, type Draft, type NotCarried, type Note, SECTIONS } from './draft.ts';
import { type Fitted, fit, type SetAside } from './fit.ts';
import { recognize } from './format.ts';
import type { Format } from './formats.ts';
import type { Input } from './input.ts';
import { translateRestic } from './restic/translate.ts';
import type { Translation } from './translation.ts';
import { writeText } from './write.ts';

export { type Input, readInput } from './input.ts';
export { placed } from './write.ts';

export interface ImportRequest {
  readonly inputs: readonly Input[];
  /** Default: recognized by content. */
  readonly format: Format | undefined;
  /** Whether a path, as it is written in the sources, is there; undefined: nobody knows. */
  readonly exists?: ((path: string) => boolean) | undefined;
}

export interface Imported {
  readonly format: Format;
  /** The text of `surety.yaml`; it is valid. */
  readonly text: string;
  readonly carried: readonly (Omit<Carried, 'to'> & { readonly to: string })[];
  readonly notCarried: readonly NotCarried[];
  readonly notes: readonly Note[];
}

const TRANSLATORS: Readonly<Record<Format, (translation: Translation) => void>> = {
  avalanche: translateAvalanche,
  bandr: translateBandr,
  restic: translateRestic,
  borgmatic: translateBorgmatic,
};

/** Throws `config.unknown-format`, or `config.nothing-to-import` when there is nothing to protect in it. */
export function importConfig({ inputs, format = recognize(inputs), exists }: ImportRequest): Imported {
  const draft = createDraft();
  TRANSLATORS[format]({ inputs, draft, exists });
  const names = inputs.map(({ name }) => name);
  if (SECTIONS.every((section) => draft.sections[section].size === 0)) {
    throw new SuretyError('config.nothing-to-import', `${names.join(', ')} has nothing of ${format} in it to import`, {
      hint: 'name the file that says what is backed up and where to, or another format with --from',
    });
  }
  const fitted = fit(draft);
  const account = accountOf(draft, fitted, names[0] ?? '');
  const text = writeText({
    title: `imported from ${names.join(', ')} (${format})`,
    fitted,
    order: {
      sources: [...draft.sections.sources.keys()],
      repositories: [...draft.sections.repositories.keys()],
      jobs: [...draft.sections.jobs.keys()],
    },
    comments: draft.comments,
    cronLines: draft.cronLines,
    notCarried: account.notCarried,
  });
  expectValid(text);
  return { format, text, ...account };
}

function accountOf(draft: Draft, fitted: Fitted, file: string): Pick<Imported, 'carried' | 'notCarried' | 'notes'> {
  const notCarried = [...draft.notCarried];
  const carried: (Omit<Carried, 'to'> & { to: string })[] = [];
  const asides: NotCarried[] = [];
  const told = new Set<SetAside>();
  for (const { to, ...setting } of draft.carried) {
    const aside = fitted.setAside.find(
      (one) => one.section === to[0] && one.name === to[1] && (one.key ?? to[2]) === to[2],
    );
    if (aside === undefined) carried.push({ ...setting, to: to.join('.') });
    else {
      told.add(aside);
      asides.push({ ...setting, reason: aside.reason, remedy: remedyOf(aside) });
    }
  }
  // What says several things, and one of them in the new file, is there.
  const isThere = new Set(carried.map(settingName));
  notCarried.push(...asides.filter((one) => !isThere.has(settingName(one))));
  for (const aside of fitted.setAside) {
    if (told.has(aside) || aside.section === 'jobs') continue;
    const key = [aside.section, aside.name, ...(aside.key === undefined ? [] : [aside.key])].join('.');
    notCarried.push({ file, line: 1, key, reason: aside.reason, remedy: remedyOf(aside) });
  }
  const at = { file, line: 1 };
  const message = `none of the repositories is available in this version: this one, of the restic kind in a folder here, stands in; choose its place and password`;
  const standIn = fitted.standIn === undefined ? [] : [{ ...at, key: `repositories.${fitted.standIn}`, message }];
  return { carried, notCarried: inOrder(notCarried), notes: [...draft.notes, ...standIn] };
}

function settingName({ file, line, key }: Pick<NotCarried, 'file' | 'line' | 'key'>): string {
  return [file, line, key].join('\0');
}

function remedyOf({ remedy }: SetAside): string {
  return `it stands in ${CONFIG_NAME} as a comment${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** By line within each file, files in the order they first appear. */
function inOrder(all: readonly NotCarried[]): NotCarried[] {
  const files = [...new Set(all.map(({ file }) => file))];
  const sorted = all.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
  const seen = new Set<string>();
  return sorted.filter((one) => {
    const line = [settingName(one), one.reason].join('\0');
    return !seen.has(line) && seen.add(line);
  });
}

/** What is written is always accepted: anything else is a mistake of the translator, not of the person. */
function expectValid(text: string): void {
  const { errors } = checkConfig({ file: `/${CONFIG_NAME}`, shownAs: CONFIG_NAME, text, mode: 0o600 });
  if (errors.length === 0) return;
  const said = errors.map(({ path, message }) => `${path}: ${messageOf(message)}`).join('; ');
  throw new SuretyError('import.invalid', `what was imported makes no valid configuration: ${said}`, {
    hint: 'this is a mistake of Surety: report it with the file, without its secrets',
  });
}
