/** `surety schedule export`: what the scheduler of a machine reads. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Argument, Command, Option } from 'commander';
import {
  hostName,
  nodeProgram,
  programFolder,
  programVersion,
  systemTimeZone,
  variable,
  variables,
} from '../base/environment.ts';
import { SuretyError } from '../base/errors.ts';
import type { Platform } from '../daemon/compose.ts';
import { composeServiceOf } from '../operations/schedule/compose.ts';
import { CRONS, type Cron, crontabOf } from '../operations/schedule/crontab.ts';
import {
  type Exported,
  type ExportRequest,
  type Installation,
  unnamedNotes,
  variablesOf,
} from '../operations/schedule/exported.ts';
import { systemdUnitsOf } from '../operations/schedule/systemd.ts';
import { windowsTasksOf } from '../operations/schedule/windows.ts';
import { localTime } from '../rules/calendar.ts';
import type { Act, Answer, Call } from './call.ts';
import { EXIT } from './exit-codes.ts';
import { repeated } from './repeated.ts';
import { withSession } from './session.ts';
import { SCHEDULE_FORMATS, type ScheduleFormat, writeExported } from './write-exported.ts';

interface ExportOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly log?: string;
  readonly environment?: string;
  readonly timeZone?: string;
  readonly name: string;
  readonly cron: Cron;
  readonly surety?: string;
  readonly node?: string;
  readonly startIn?: string;
  readonly image?: string;
  readonly network?: readonly string[];
}

export function exportCommand(act: Act): Command {
  return new Command('export')
    .summary('make what the scheduler of the machine reads')
    .description(
      'Prints what puts the schedules into effect: a crontab, services and timers of systemd, tasks for Windows, or a ' +
        'service for Docker Compose. There are never secrets in it.',
    )
    .addArgument(new Argument('<format>', 'for which scheduler').choices(SCHEDULE_FORMATS))
    .option('--output <path>', 'write it: the file of a crontab or of Compose, the folder for the others')
    .option('--force', 'also over a file that is no export')
    .option('--log <file>', 'append what runs print to this file')
    .option('--environment <file>', 'a file with NAME=value lines, where secrets come from variables')
    .option('--time-zone <zone>', 'of the machine whose scheduler it is (default: that of this one)')
    .addOption(new Option('--name <name>', 'begins the names of units, tasks and the container').default('surety'))
    .addOption(new Option('--cron <kind>', 'which cron it is, for crontab').choices(CRONS).default('debian'))
    .option('--surety <path>', 'where the program is on that machine (windows: bin\\surety.ts)')
    .option('--node <path>', 'where Node is on that machine')
    .option('--start-in <folder>', 'for windows: the folder of surety.yaml on that machine')
    .option('--image <name>', 'for compose: name of the image (default: surety and its version)')
    .option('--network <name>', 'for compose: a network on which the servers are (repeatable)', repeated)
    .action(act(runExport));
}

async function runExport(call: Call, format: ScheduleFormat, options: ExportOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const request = requestOf(platform, format, options, call.clock.now());
    const made = exportedAs(format, request, platform, options);
    const unnamed = unnamedNotes(await unsetLater(request.envFile), platform.scheduled);
    const exported: Exported = { ...made, notes: [...made.notes, ...unnamed] };
    const { output, force = false } = options;
    const paths = output === undefined ? [] : await writeExported(exported.files, { format, output, force });
    const files = exported.files.map((file, at) => ({ ...file, path: paths[at] ?? null }));
    const notes = exported.notes.map((note) => `note: ${note}\n`).join('');
    const { globals, terminal } = call;
    if (output === undefined && !globals.json && !globals.quiet) terminal.err(notes);
    return {
      exitCode: EXIT.ok,
      document: {
        ...{ verb: 'schedule export', outcome: 'ok', format, files },
        ...{ variables: variablesOf(platform.scheduled), notes: exported.notes },
      },
      exact: output === undefined,
      text: output === undefined ? printed(exported) : paths.map((path) => `wrote ${path}\n`).join('') + notes,
    };
  });
}

/** Names of the variables that are set here and that the file for runs by schedule does not set. */
async function unsetLater(envFile: string | undefined): Promise<string[]> {
  // The file may be for another machine, and be there only.
  const text = envFile === undefined ? '' : await readFile(envFile, 'utf8').catch(() => '');
  const later = new Set([...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)=/gm)].map(([, name]) => name));
  return Object.keys(variables()).filter((name) => !later.has(name));
}

function printed({ files }: Exported): string {
  const [only, ...more] = files;
  if (only === undefined || more.length === 0) return only?.text ?? '';
  return files.map(({ name, text }) => `==> ${name} <==\n${text.replaceAll('\r\n', '\n')}\n`).join('');
}

function exportedAs(
  format: ScheduleFormat,
  request: ExportRequest,
  platform: Platform,
  options: ExportOptions,
): Exported {
  switch (format) {
    case 'crontab':
      return crontabOf(request, options.cron);
    case 'systemd':
      return systemdUnitsOf(request);
    case 'windows':
      return windowsTasksOf(request);
    case 'compose':
      return composeServiceOf(request, {
        root: programFolder(),
        image: options.image ?? `surety:${programVersion()}`,
        networks: options.network ?? [],
        hostname: hostName(),
        ...{ places: platform.places, localServers: platform.localServers },
      });
  }
}

function requestOf(platform: Platform, format: ScheduleFormat, options: ExportOptions, now: Date): ExportRequest {
  const { scheduled } = platform;
  if (scheduled.length === 0) {
    throw new SuretyError('schedule.none', 'nothing has a schedule', {
      hint: "give a job `schedule`, such as '7 3 * * *', and clean-up and verification theirs in `maintenance`",
    });
  }
  if (!/^[A-Za-z0-9][\w.-]*$/.test(options.name)) {
    throw new SuretyError('usage.name', `${JSON.stringify(options.name)} can not begin the name of a unit or a task`, {
      hint: 'use letters, digits, ".", "_" and "-"',
    });
  }
  const timeZone = options.timeZone ?? systemTimeZone();
  localTime(now, timeZone);
  const stateHome = variable('XDG_STATE_HOME') ?? '';
  return {
    ...{ scheduled, now, timeZone, name: options.name },
    installation: installationOf(platform, format, options),
    log: options.log === undefined || format === 'windows' ? options.log : resolve(options.log),
    envFile: options.environment === undefined ? undefined : resolve(options.environment),
    // What a run by hand remembers and one by schedule does are to be the same.
    environment: stateHome === '' ? {} : { XDG_STATE_HOME: resolve(stateHome) },
  };
}

function installationOf(platform: Platform, format: ScheduleFormat, options: ExportOptions): Installation {
  const { file } = platform;
  if (format !== 'windows') {
    const { surety = join(programFolder(), 'bin', 'surety'), node = nodeProgram() } = options;
    return { surety: resolve(surety), node: resolve(node), configFile: file, directory: dirname(file) };
  }
  const isHere = process.platform === 'win32';
  const surety = options.surety ?? (isHere ? join(programFolder(), 'bin', 'surety.ts') : undefined);
  const node = options.node ?? (isHere ? nodeProgram() : undefined);
  const directory = options.startIn ?? (isHere ? dirname(file) : undefined);
  if (surety !== undefined && node !== undefined && directory !== undefined) {
    return { surety, node, configFile: basename(file), directory };
  }
  throw new SuretyError('usage.missing-option', 'where things are on a machine with Windows is not known here', {
    hint: "name --node 'C:\\…\\node.exe', --surety 'C:\\…\\bin\\surety.ts' and --start-in, the folder of surety.yaml",
  });
}
