/** The command line as commander knows it: names, global options, help. Every command adds its own options. */
import { Command, CommanderError, Help, Option } from 'commander';
import { programVersion } from '../base/environment.ts';
import type { Act, Globals } from './call.ts';
import { EXAMPLES } from './examples.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';
import { wordsOf } from './usage-error.ts';

/** By name, in the order of the help. A command's file brings along all it works with, so only what is called is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<(act: Act) => Command>>> = {
  init: async () => (await import('./commands/init.ts')).initCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  list: async () => (await import('./commands/list.ts')).listCommand,
  show: async () => (await import('./commands/show.ts')).showCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  copy: async () => (await import('./commands/copy.ts')).copyCommand,
  copies: async () => (await import('./commands/copies.ts')).copiesCommand,
  cleanup: async () => (await import('./commands/cleanup.ts')).cleanupCommand,
  forget: async () => (await import('./commands/forget.ts')).forgetCommand,
  pin: async () => (await import('./commands/pin.ts')).pinCommand,
  unpin: async () => (await import('./commands/unpin.ts')).unpinCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  store: async () => (await import('./commands/store.ts')).storeCommand,
  host: async () => (await import('./commands/host.ts')).hostCommand,
  schedule: async () => (await import('./commands/schedule.ts')).scheduleCommand,
  keys: async () => (await import('./commands/keys.ts')).keysCommand,
  unlock: async () => (await import('./commands/unlock.ts')).unlockCommand,
  repair: async () => (await import('./commands/repair.ts')).repairCommand,
  catalog: async () => (await import('./commands/catalog.ts')).catalogCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
  notify: async () => (await import('./commands/notify.ts')).notifyCommand,
};

/** Where commander prints help and version. */
export interface HelpPage {
  readonly print: (text: string) => void;
  /** Characters that fit into a line. */
  readonly columns: number;
}

/**
 * The program with the command that `argv` calls, or with all of them where it calls none: for help, and to say what may have been
 * meant. Actions go through `act`. Parsing throws {@link CommanderError}, never ends the process.
 */
export async function createProgram(argv: readonly string[], act: Act, page: HelpPage): Promise<Command> {
  const program = new Command('surety')
    .description('Backs up files and databases, keeps copies, and proves that they restore.')
    .version(programVersion(), '--version', 'print the version')
    .addOption(new Option('--config <file>', 'configuration file').env('SURETY_CONFIG'))
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'print nothing unless something is wrong')
    .option('--verbose', 'also print what caused an error')
    .option('--no-progress', 'show no progress')
    .option('--no-cache', 'keep nothing of remote repositories on this machine, and use nothing that is kept')
    .addHelpText('after', `\n${EXIT_CODES_HELP}`);
  const loaded = await Promise.all(neededFor(argv).map((name) => COMMANDS[name]!()));
  for (const create of loaded) program.addCommand(create(act));
  settle(program, page);
  return program;
}

function neededFor(argv: readonly string[]): readonly string[] {
  if (argv[0] === '--version') return [];
  const called = calledBy(argv);
  return called === undefined ? Object.keys(COMMANDS) : [called];
}

/** The command's name: the first word that is neither an option nor the value of one. */
function calledBy(argv: readonly string[]): string | undefined {
  const word = argv.find((text, at) => !text.startsWith('-') && argv[at - 1] !== '--config');
  return word !== undefined && Object.hasOwn(COMMANDS, word) ? word : undefined;
}

/** Which command commander was parsing when it threw. */
const PARSED = new WeakMap<CommanderError, Command>();

/** Undefined for what is no mistake on a command line. */
export function parsedBy(error: unknown): Command | undefined {
  return error instanceof CommanderError ? PARSED.get(error) : undefined;
}

/** commander hands settings down only to commands made by the parent; these are made on their own. */
function settle(command: Command, page: HelpPage): void {
  if (command.description() === '') command.description(sentence(command.summary()));
  command
    .exitOverride((error) => {
      PARSED.set(error, command);
      throw error;
    })
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .configureOutput({ writeOut: page.print, writeErr: () => {} })
    .configureHelp({
      showGlobalOptions: command.parent !== null,
      sortSubcommands: false,
      helpWidth: page.columns,
      optionDescription,
    })
    .helpOption('-h, --help', 'show help');
  const examples = examplesText(command);
  if (examples !== '') command.addHelpText('after', examples);
  for (const child of command.commands) settle(child, page);
}

/** What the line does stands beside it where there is room, else below. */
function examplesText(command: Command): string {
  const examples = EXAMPLES[wordsOf(command).replace(/^surety /, '')] ?? [];
  if (examples.length === 0) return '';
  const short = examples.filter(([line]) => line.length <= LONG_EXAMPLE);
  const width = Math.max(...short.map(([line]) => line.length), 0);
  const lines = examples.map(([line, does]) =>
    line.length > LONG_EXAMPLE ? `  ${line}\n  ${' '.repeat(width)}  ${does}` : `  ${line.padEnd(width)}  ${does}`,
  );
  return `\nExamples:\n${lines.join('\n')}`;
}

const LONG_EXAMPLE = 60;

/** What an option without its value means, its own words say. */
function optionDescription(option: Option): string {
  return new Help().optionDescription(Object.assign(Object.create(option), { presetArg: undefined }));
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

export function globalsOf(command: Command): Globals {
  const options: Record<string, unknown> = command.optsWithGlobals();
  return {
    // A variable that is set to nothing is as one that is not.
    config: typeof options.config === 'string' && options.config !== '' ? options.config : undefined,
    json: options.json === true,
    quiet: options.quiet === true,
    verbose: options.verbose === true,
    progress: options.progress !== false,
    cache: options.cache !== false,
  };
}

/** True for the "errors" that commander throws after it printed help or the version. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}
