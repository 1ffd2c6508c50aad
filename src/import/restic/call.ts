/** One call of restic, from a command line or from a profile, with everything that it was told. */
import type { Command } from '../script-text.ts';
import type { Setting } from '../settings.ts';
import type { Word } from '../shell-words.ts';

/** Options by their long name, and variables by theirs. A value of `null` is only known when it runs. */
export type Options = ReadonlyMap<string, readonly Setting[]>;

export interface ResticCall {
  /** `backup`, `forget`, … */
  readonly verb: string;
  /** What the person calls it; undefined for a command line. */
  readonly profile: string | undefined;
  readonly options: Options;
  readonly paths: readonly Setting[];
  readonly variables: Options;
  readonly schedule: Setting | undefined;
  /** Whether what it stores is what another command prints. */
  readonly piped: boolean;
  /** The folder that relative paths are below. */
  readonly folder: string | undefined;
  /** Of a profile: `hooks` of the job. */
  readonly hooks?: { readonly value: unknown; readonly from: readonly Setting[] } | undefined;
  /** The call itself, for what concerns it as a whole. */
  readonly self: Setting;
}

const SHORT: Readonly<Record<string, string>> = {
  r: 'repo',
  p: 'password-file',
  o: 'option',
  v: 'verbose',
  q: 'quiet',
  h: 'help',
  e: 'exclude',
  x: 'one-file-system',
  f: 'force',
  n: 'dry-run',
  c: 'compact',
  g: 'group-by',
  l: 'keep-last',
  d: 'keep-daily',
  w: 'keep-weekly',
  m: 'keep-monthly',
  y: 'keep-yearly',
  t: 'keep-tag',
};

/** Options that take no value; all others do. */
const FLAGS: readonly string[] = [
  ...[
    'cleanup-cache',
    'compact',
    'dry-run',
    'exclude-caches',
    'force',
    'help',
    'ignore-ctime',
    'ignore-inode',
    'insecure-no-password',
  ],
  ...[
    'insecure-tls',
    'json',
    'no-cache',
    'no-extra-verify',
    'no-lock',
    'no-scan',
    'one-file-system',
    'prune',
    'quiet',
    'skip-if-unchanged',
  ],
  ...[
    'stdin',
    'stdin-from-command',
    'unsafe-allow-remove-all',
    'use-fs-snapshot',
    'verbose',
    'with-atime',
    'read-data',
    'with-cache',
    'no-ownership',
  ],
];

/** Programs that start another one and are no concern of a backup. */
const STARTERS =
  /(?:^|\/)(?:sudo|nice|ionice|exec|time|timeout|systemd-run|systemd-inhibit|chronic|command|flock|nohup|caffeinate)$/;

/** The call of restic that a command is; undefined when it starts something else. */
export function resticCall(command: Command, variables: readonly Setting[]): ResticCall | undefined {
  const start = command.words.findIndex(({ text }) => /(?:^|[\\/])restic(?:\.exe)?$/.test(text));
  if (start < 0 || (start > 0 && !STARTERS.test(command.words[0]?.text ?? ''))) return undefined;
  const { file, line, schedule, piped, folder } = command;
  const place = { file, line };
  const { options, rest } = readOptions(command.words.slice(start + 1), place);
  const [verb, ...paths] = rest;
  const name = verb?.text ?? '';
  const said = (text: string): Setting => ({ ...place, key: `restic ${name}`.trim(), value: text });
  return {
    verb: name,
    profile: undefined,
    options: withNames(options, name),
    paths: paths.map((word) => ({ ...said(word.text), value: word.unknown ? null : word.text })),
    variables: byName([...variables, ...command.variables]),
    schedule: schedule === undefined ? undefined : { ...place, key: `${schedule} restic ${name}`, value: schedule },
    ...{ piped, folder, self: said('') },
  };
}

type Place = Pick<Setting, 'file' | 'line'>;

function readOptions(
  words: readonly Word[],
  place: Place,
): { readonly options: Setting[]; readonly rest: readonly Word[] } {
  const options: Setting[] = [];
  const rest: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.text === '--') return { options, rest: [...rest, ...words.slice(at + 1)] };
    const isForget = rest[0]?.text === 'forget';
    const option = optionOf(word, isForget);
    if (option === undefined) {
      rest.push(word);
      continue;
    }
    const next = option.value === undefined && !FLAGS.includes(option.name) ? words[++at] : undefined;
    const unknown = word.unknown || next?.unknown === true;
    options.push({ ...place, key: option.name, value: unknown ? null : (option.value ?? next?.text ?? 'true') });
  }
  return { options, rest };
}

function optionOf(
  { text }: Word,
  isForget: boolean,
): { readonly name: string; readonly value: string | undefined } | undefined {
  const long = /^--([a-z][a-z-]*)(?:=([\s\S]*))?$/.exec(text);
  if (long !== null) return { name: long[1] === 'repository' ? 'repo' : (long[1] ?? ''), value: long[2] };
  const short = /^-([A-Za-z])([\s\S]*)$/.exec(text);
  if (short === null) return undefined;
  const letter = short[1] ?? '';
  const name = letter === 'H' ? (isForget ? 'keep-hourly' : 'host') : SHORT[letter];
  if (name === undefined) return { name: letter, value: short[2] === '' ? 'true' : short[2] };
  return { name, value: FLAGS.includes(name) || short[2] === '' ? undefined : short[2]?.replace(/^=/, '') };
}

/** Options by name; each says for people where it stood: `restic backup --exclude`. */
function withNames(options: readonly Setting[], verb: string): Options {
  const found = new Map<string, Setting[]>();
  for (const option of options) {
    const named = { ...option, key: `restic ${verb} --${option.key}`.replace('  ', ' ') };
    found.set(option.key, [...(found.get(option.key) ?? []), named]);
  }
  return found;
}

/** The last of each name counts. */
export function byName(settings: readonly Setting[]): Options {
  return new Map(settings.map((setting) => [setting.key, [setting]]));
}
