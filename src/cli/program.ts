/** The command line as commander knows it: names, global options, help. Every command adds its own options. */
import { Command, CommanderError, Option } from 'commander';
import { programVersion } from '../base/environment.ts';
import { SuretyError } from '../base/errors.ts';
import type { Act, Globals } from './call.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { catalogCommand } from './commands/catalog.ts';
import { checkCommand } from './commands/check.ts';
import { cleanupCommand } from './commands/cleanup.ts';
import { configCommand } from './commands/config.ts';
import { copiesCommand } from './commands/copies.ts';
import { copyCommand } from './commands/copy.ts';
import { forgetCommand } from './commands/forget.ts';
import { importCommand } from './commands/import.ts';
import { initCommand } from './commands/init.ts';
import { keysCommand } from './commands/keys.ts';
import { listCommand } from './commands/list.ts';
import { notifyCommand } from './commands/notify.ts';
import { pinCommand } from './commands/pin.ts';
import { repairCommand } from './commands/repair.ts';
import { restoreCommand } from './commands/restore.ts';
import { scheduleCommand } from './commands/schedule.ts';
import { showCommand } from './commands/show.ts';
import { statusCommand } from './commands/status.ts';
import { storeCommand } from './commands/store.ts';
import { unlockCommand } from './commands/unlock.ts';
import { unpinCommand } from './commands/unpin.ts';
import { verifyCommand } from './commands/verify.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';

const COMMANDS: readonly ((act: Act) => Command)[] = [
  initCommand,
  importCommand,
  backupCommand,
  statusCommand,
  listCommand,
  showCommand,
  verifyCommand,
  restoreCommand,
  copyCommand,
  copiesCommand,
  cleanupCommand,
  forgetCommand,
  pinCommand,
  unpinCommand,
  checkCommand,
  storeCommand,
  scheduleCommand,
  keysCommand,
  unlockCommand,
  repairCommand,
  catalogCommand,
  auditCommand,
  configCommand,
  notifyCommand,
];

/** Where commander prints help and version. */
export type Print = (text: string) => void;

/** The whole program; actions go through `act`. Parsing throws {@link CommanderError}, never ends the process. */
export function createProgram(act: Act, print: Print): Command {
  const program = new Command('surety')
    .description('Backs up files and databases, keeps copies, and proves that they restore.')
    .version(programVersion(), '--version', 'print the version')
    .addOption(new Option('--config <file>', 'configuration file').env('SURETY_CONFIG'))
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'print nothing unless something is wrong')
    .option('--verbose', 'also print what caused an error')
    .option('--no-progress', 'show no progress')
    .option('--no-cache', 'keep nothing of remote repositories on this machine, and use nothing that is kept')
    .helpOption('--help', 'show this help')
    .addHelpText('after', `\n${EXIT_CODES_HELP}`);
  for (const create of COMMANDS) program.addCommand(create(act));
  settle(program, print);
  return program;
}

/** Which command commander was parsing when it threw. */
const PARSED = new WeakMap<CommanderError, string>();

/** commander hands settings down only to commands made by the parent; these are made on their own. */
function settle(command: Command, print: Print): void {
  if (command.description() === '') command.description(sentence(command.summary()));
  command
    .exitOverride((error) => {
      PARSED.set(error, wordsOf(command));
      throw error;
    })
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .configureOutput({ writeOut: print, writeErr: () => {} })
    .configureHelp({ showGlobalOptions: command.parent !== null, sortSubcommands: false, helpWidth: 100 })
    .helpOption('--help', 'show help');
  for (const child of command.commands) settle(child, print);
}

/** What is typed to call a command: `surety keys add`. */
function wordsOf(command: Command): string {
  return command.parent === null ? command.name() : `${wordsOf(command.parent)} ${command.name()}`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

export function globalsOf(command: Command): Globals {
  const options: Record<string, unknown> = command.optsWithGlobals();
  return {
    config: typeof options.config === 'string' ? options.config : undefined,
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

/** A mistake on the command line as our own error; anything else as it is. */
export function usageError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const words = PARSED.get(error) ?? 'surety';
  if (error.code === 'commander.help') {
    return new SuretyError('usage.missing-command', 'no command was given', {
      hint: `${words} --help lists the commands`,
    });
  }
  const text = error.message.replace(/^error: /, '');
  const suggestion = /\n\((Did you mean .*)\)$/.exec(text);
  const message = suggestion === null ? text : text.slice(0, suggestion.index);
  const code = error.code.replace(/^commander\./, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new SuretyError(`usage.${code}`, message, {
    hint: suggestion === null ? `see ${words} --help` : `d${suggestion[1]!.slice(1).replace(/\?$/, '')}`,
  });
}
