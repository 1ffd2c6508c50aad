/** Turns the configuration of another backup program into `surety.yaml`, with an account of all that it could not carry over. */
import { messageOf, SuretyError } from '../base/errors.ts';
import { checkConfig } from '../config/parse.ts';
import { CONFIG_NAME } from '../config/read.ts';
import { type Account, accountOf } from './account.ts';
import { translateAvalanche } from './avalanche/translate.ts';
import { translateBandr } from './bandr/translate.ts';
import { translateBorgmatic } from './borgmatic/translate.ts';
import { createDraft, type Draft, SECTIONS } from './draft.ts';
import { fit } from './fit.ts';
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

export interface Imported extends Account {
  readonly format: Format;
  /** The text of `surety.yaml`; it is valid. */
  readonly text: string;
}

const TRANSLATORS: Readonly<Record<Format, (translation: Translation) => void>> = {
  avalanche: translateAvalanche,
  bandr: translateBandr,
  restic: translateRestic,
  borgmatic: translateBorgmatic,
};

/** What the inputs say, whether this version can do it or not. Throws `config.unknown-format`. */
export function translate({ inputs, format = recognize(inputs), exists }: ImportRequest): {
  readonly format: Format;
  readonly draft: Draft;
} {
  const draft = createDraft();
  TRANSLATORS[format]({ inputs, draft, exists });
  return { format, draft };
}

/** Throws `config.unknown-format`, or `config.nothing-to-import` when there is nothing to protect in it. */
export function importConfig(request: ImportRequest): Imported {
  const { format, draft } = translate(request);
  const { inputs } = request;
  const names = inputs.map(({ name }) => name);
  if (
    SECTIONS.every(
      (section) => ['maintenance', 'notifications'].includes(section) || draft.sections[section].size === 0,
    )
  ) {
    throw new SuretyError('config.nothing-to-import', `${names.join(', ')} has nothing of ${format} in it to import`, {
      hint: 'name the file that says what is backed up and where to, or another format with --from',
    });
  }
  const fitted = fit(draft);
  const account = accountOf(draft, fitted, names[0] ?? '');
  const text = writeText({
    title: `imported from ${names.join(', ')} (${format})`,
    fitted,
    draft,
    notCarried: account.notCarried,
  });
  expectValid(text);
  return { format, text, ...account };
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
