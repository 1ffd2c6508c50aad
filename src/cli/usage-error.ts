/** What a mistake on the command line means, and what may have been meant. */
import { type Command, CommanderError } from 'commander';
import { SuretyError } from '../base/errors.ts';
import { listed } from '../base/nearest.ts';

/** Words that other programs have for what is done here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  snapshots: 'surety list lists the snapshots',
  ls: 'surety show ID --entries lists what is in a snapshot',
  find: "surety show latest --entries --path '**/NAME' looks for a name",
  info: 'surety show ID has what is known of a snapshot, surety status an overview',
  stats: 'surety show ID has the sizes of a snapshot, surety status those of the repositories',
  create: 'surety backup makes a backup, surety init a repository',
  run: 'surety backup makes a backup',
  extract: 'surety restore ID --target DIR gets data back',
  dump: 'surety restore ID --target DIR writes databases as dumps, and files as they are',
  mount:
    "nothing is mounted: surety show ID --entries lists what is there, surety restore ID --path '…' --target DIR gets it back",
  prune: 'surety cleanup removes what no rule keeps, and frees its room',
  compact: 'surety cleanup removes what no rule keeps, and frees its room',
  expire: 'surety cleanup removes what no rule keeps, and frees its room',
  delete: 'surety forget removes named snapshots, surety cleanup those that no rule keeps',
  rm: 'surety forget removes named snapshots, surety cleanup those that no rule keeps',
  sync: 'surety copy copies snapshots into another repository',
  'rebuild-index': 'surety repair index makes an index anew, surety check --repair heals what is damaged',
  key: 'surety keys has all about passwords',
  passwd: 'surety keys change replaces a password',
  test: 'surety verify --read-data re-reads what is stored, surety restore latest --target DIR proves it',
  prove: 'what was restored whole counts as proven: surety restore latest --target DIR',
  drill: 'what was restored whole counts as proven: surety restore latest --target DIR',
  validate: 'surety config check looks at the configuration',
  export: 'surety schedule export makes what a scheduler reads, surety keys export prints the key of a borg repository',
  rebuild: 'surety catalog rebuild writes the catalog anew, surety repair index an index',
  version: 'surety --version prints it',
};

/** The same for options, wherever a command has the one that is meant. */
const OTHER_OPTIONS: Readonly<Record<string, string>> = {
  ...{ '--to': '--target', '--output': '--target', '--dest': '--target', '--destination': '--target' },
  ...{ '--dir': '--target', '--yes': '--force', '-y': '--force', '-f': '--force', '-n': '--dry-run' },
  ...{
    '-V': '--version',
    '--limit': '--last',
    '-r': '--repository',
    '-c': '--config',
    '-q': '--quiet',
    '-v': '--verbose',
  },
  ...{ '--verify-data': '--read-data', '--check-data': '--read-data', '--include': '--path' },
};

/** A mistake on the command line as our own error; anything else as it is. `command` is the one that was being parsed. */
export function usageError(error: unknown, command: Command | undefined): unknown {
  if (!(error instanceof CommanderError)) return error;
  const words = command === undefined ? 'surety' : wordsOf(command);
  if (error.code === 'commander.help') {
    return new SuretyError('usage.missing-command', 'no command was given', {
      hint: `${words} --help lists the commands`,
    });
  }
  const text = error.message.replace(/^error: /, '');
  const suggestion = /\n\((Did you mean .*)\)$/.exec(text);
  const message = suggestion === null ? text : text.slice(0, suggestion.index);
  const known = command === undefined ? undefined : meant(message, command);
  const near = suggestion === null ? undefined : `d${suggestion[1]!.slice(1).replace(/\?$/, '')}`;
  const code = error.code.replace(/^commander\./, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new SuretyError(`usage.${code}`, message.replace(/\.$/, ''), {
    hint: known ?? near ?? (isMisplaced(error, command) ? BEHIND : `see ${words} --help`),
  });
}

const BEHIND = 'options of a command stand behind it: surety COMMAND --option';

/** An option that is none of those that every command has. */
function isMisplaced({ code }: CommanderError, command: Command | undefined): boolean {
  return code === 'commander.unknownOption' && command?.parent === null;
}

/** What is typed to call a command: `surety keys add`. */
export function wordsOf(command: Command): string {
  return command.parent === null ? command.name() : `${wordsOf(command.parent)} ${command.name()}`;
}

function meant(message: string, command: Command): string | undefined {
  const [, word] = /^unknown command '(.*)'$/.exec(message) ?? [];
  if (word !== undefined) return command.parent === null || word === 'validate' ? ELSEWHERE[word] : undefined;
  const [, option] = /^unknown option '(.*)'$/.exec(message) ?? [];
  if (option !== undefined) return meantOption(option.replace(/=.*$/, ''), command);
  const [, names] = /^too many arguments .* but got \d+: (.*)\.$/.exec(message) ?? [];
  return names === undefined ? undefined : meantName(names, command);
}

/** A shortened name, or what it is called elsewhere. */
function meantOption(given: string, command: Command): string | undefined {
  const own = optionsOf(command);
  const begun = given.length > 3 ? own.filter((option) => option.startsWith(given)) : [];
  const other = OTHER_OPTIONS[given];
  if (begun.length === 1) return `did you mean ${begun[0]}`;
  if (other !== undefined && own.includes(other)) return `did you mean ${other}`;
  const takesJobs = command.registeredArguments.some((argument) => argument.name() === 'job');
  return given === '--job' && takesJobs ? `jobs are named without an option: ${wordsOf(command)} JOB` : undefined;
}

/** Groups that have a command of the same name as one that stands alone. */
const CHECKED: readonly string[] = ['store', 'host', 'config'];

/** Names that a command takes by options only, and words in the wrong order. */
function meantName(names: string, command: Command): string | undefined {
  const [first = '', ...more] = names.split(', ');
  if (command.name() === 'check' && CHECKED.includes(first)) {
    return `did you mean surety ${[first, 'check', ...more].join(' ')}`;
  }
  if (optionsOf(command).includes(`--${names}`)) return `did you mean --${names}`;
  const naming = ['--repository', '--source', '--job'].filter((option) => optionsOf(command).includes(option));
  return naming.length === 0 ? undefined : `say what ${names} is: ${listed(naming, 'or')}`;
}

function optionsOf(command: Command): string[] {
  const above = command.parent === null ? [] : optionsOf(command.parent);
  return [...command.options.flatMap(({ long, hidden }) => (hidden || !long ? [] : [long])), ...above];
}
