/** Reads shell scripts and crontabs as far as backup commands in them go: words, variables, schedules. Nothing is run. */
import { SuretyError } from '../base/errors.ts';
import type { Setting } from './settings.ts';
import { splitWords, type Word } from './shell-words.ts';

/** One command of a script or of a line in a crontab. */
export interface Command {
  readonly file: string;
  /** From 1, of its first line. */
  readonly line: number;
  /** Program and arguments; variables that the script sets are filled in. */
  readonly words: readonly Word[];
  /** Variables that are set for it, by the script or in front of it, as they are at this place. */
  readonly variables: readonly Setting[];
  /** Of a line in a crontab: five fields, or a name such as `@daily`. */
  readonly schedule: string | undefined;
  /** Whether it reads what another command prints. */
  readonly piped: boolean;
  /** Where `cd` went before it in the same line or script. */
  readonly folder: string | undefined;
}

export interface Script {
  readonly commands: readonly Command[];
  /** All variables that it sets on lines of their own. */
  readonly variables: readonly Setting[];
}

const CRON = /^\s*(@[a-z]+|(?:[\d*,/A-Za-z-]+\s+){4}[\d*,/A-Za-z-]+)\s+(\S.*)$/;
const ITEM = /^(?:\*|(?:\d{1,2}|[a-z]{3})(?:-(?:\d{1,2}|[a-z]{3}))?)(?:\/\d+)?$/i;

/** The five fields and what is run; undefined for a line that is none of a crontab. */
export function cronLine(text: string): { readonly schedule: string; readonly rest: string } | undefined {
  const match = CRON.exec(text);
  const schedule = (match?.[1] ?? '').trim().replaceAll(/\s+/g, ' ');
  const isFields = schedule.split(' ').every(isField) && /[\d*]/.test(schedule);
  if (match === null || !(schedule.startsWith('@') || isFields)) return undefined;
  return { schedule, rest: match[2] ?? '' };
}

function isField(text: string): boolean {
  return text.split(',').every((item) => ITEM.test(item));
}

const MAX_COMMANDS = 2000;

function tooMuch(file: string): SuretyError {
  return new SuretyError('config.too-large', `${file} has more commands than a backup needs`, {
    hint: `at most ${MAX_COMMANDS} are read; is it the right file?`,
  });
}

/** The commands and variables of a script, in order. Throws `config.too-large`. */
export function readScript(file: string, text: string): Script {
  const commands: Command[] = [];
  const all: Setting[] = [];
  const known = new Map<string, Setting>();
  let scriptFolder: string | undefined;
  for (const { line, text: code } of logicalLines(text)) {
    const cron = cronLine(code);
    // In a crontab, an unescaped % ends the command.
    const body = cron === undefined ? code : cron.rest.replace(/(^|[^\\])%[\s\S]*$/, '$1').replaceAll('\\%', '%');
    let folder = cron === undefined ? scriptFolder : undefined;
    for (const { words, piped } of splitWords(body, (name) => textOfVariable(known.get(name)))) {
      const { assigned, rest } = withoutAssignments(file, line, words);
      if (rest.length === 0) {
        for (const setting of assigned) {
          known.set(setting.key, setting);
          all.push(setting);
        }
        continue;
      }
      if (commands.length >= MAX_COMMANDS) throw tooMuch(file);
      const variables = [...known.values(), ...assigned];
      commands.push({ file, line, words: rest, variables, schedule: cron?.schedule, piped, folder });
      if (rest[0]?.text === 'cd' && rest[1] !== undefined && !rest[1].unknown) folder = rest[1].text;
    }
    if (cron === undefined) scriptFolder = folder;
  }
  return { commands, variables: all };
}

function textOfVariable(setting: Setting | undefined): string | undefined {
  return typeof setting?.value === 'string' ? setting.value : undefined;
}

interface Line {
  readonly line: number;
  readonly text: string;
}

/** Lines without comments; one that ends with a backslash goes on in the next. */
function logicalLines(text: string): Line[] {
  const found: Line[] = [];
  let pieces: string[] = [];
  let first = 1;
  for (const [at, raw] of text.split(/\r\n|\n|\r/).entries()) {
    if (pieces.length === 0) {
      if (/^\s*(#.*)?$/.test(raw)) continue;
      first = at + 1;
    }
    const goesOn = raw.endsWith('\\') && !raw.endsWith('\\\\');
    pieces.push(goesOn ? raw.slice(0, -1) : raw);
    if (goesOn) continue;
    found.push({ line: first, text: pieces.join(' ') });
    pieces = [];
  }
  return pieces.length === 0 ? found : [...found, { line: first, text: pieces.join(' ') }];
}

/** `NAME=value` in front of a command, and what `export` sets. */
function withoutAssignments(
  file: string,
  line: number,
  words: readonly Word[],
): { readonly assigned: Setting[]; readonly rest: readonly Word[] } {
  let rest = words;
  const first = rest[0]?.text ?? '';
  const declares =
    ['export', 'declare', 'readonly', 'local', 'set', 'env'].includes(first) && /=/.test(rest[1]?.text ?? '');
  if (declares || ['then', 'do', 'else', '{', '(', '!', 'if'].includes(first)) rest = rest.slice(1);
  const assigned: Setting[] = [];
  for (const word of rest) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(word.text);
    if (match === null || (word.quotedName && !declares)) break;
    assigned.push({ file, line, key: match[1] ?? '', value: word.unknown ? null : (match[2] ?? '') });
  }
  return { assigned, rest: rest.slice(assigned.length) };
}
