/**
 * Lines for cron, https://manpages.debian.org/crontab.5: what a line says goes to `sh -c` in the user's home folder with next to no
 * environment; an unescaped % would end the command.
 */
import { shownCommand } from '../../base/command-line.ts';
import { plainSchedule, scheduleFields } from '../../rules/schedule-fields.ts';
import { scheduleWords } from '../../rules/schedule-words.ts';
import type { Scheduled } from '../../rules/scheduled.ts';
import {
  type Exported,
  type ExportRequest,
  expectLocalTimes,
  expectOneLine,
  headOf,
  inexpressible,
  outputOptions,
  PROGRAM_FOLDERS,
  variablesOf,
} from './exported.ts';

/** `cronie` (Fedora, Red Hat, Arch and others) takes a time zone for the lines below it; that of Debian takes `CRON_TZ` for a mere variable. */
export const CRONS = ['debian', 'cronie'] as const;
export type Cron = (typeof CRONS)[number];

const OTHER_ZONE =
  'export systemd timers, which know time zones; or --cron cronie where that is the cron; or name the time zone of the machine with --time-zone';

/** One crontab of a user. Throws `schedule.inexpressible` or `schedule.path`. */
export function crontabOf(request: ExportRequest, cron: Cron): Exported {
  const { scheduled, installation, envFile, log } = request;
  expectOneLine([installation.surety, installation.node, installation.configFile, envFile, log]);
  const lines = scheduled.map((one) => {
    if (cron === 'debian') expectLocalTimes(one, request, 'cron', OTHER_ZONE);
    const command = escaped(jobCommand(one, request));
    expectShort(one, command);
    return `# ${described(one, request)}\n${zoneLine(one, request, cron)}${crontabLine(one, command)}`;
  });
  const variables = variablesOf(scheduled);
  const head = [
    headOf('crontab', request),
    ...(variables.length === 0 || envFile !== undefined ? [] : [needs(variables)]),
    ...(log === undefined ? ['cron mails to MAILTO what a run prints, which is nothing when all went well.'] : []),
  ];
  const text = `${head.map((line) => `# ${line}\n`).join('')}${environmentText(request)}\n${lines.join('\n')}`;
  return { files: [{ name: 'crontab', text }], notes: notesOf(request, variables) };
}

/** What a scheduler says to a shell: no folder and no variable is taken for granted. */
export function jobCommand({ args }: Scheduled, request: ExportRequest): string {
  const { installation, envFile, log } = request;
  const argv = [installation.surety, '--config', installation.configFile, ...outputOptions(request), ...args];
  const run = shownCommand(argv);
  // Without a slash, the shell would look for it on the PATH.
  const whole = envFile === undefined ? run : `{ set -a; . ${shownCommand([envFile])}; set +a; ${run}; }`;
  return log === undefined ? whole : `${whole} >> ${shownCommand([log])} 2>&1`;
}

/** The five fields as every cron takes them, and the command. */
function crontabLine({ schedule }: Scheduled, command: string): string {
  return `${plainSchedule(scheduleFields(schedule))}  ${command}\n`;
}

/** cron reads so much of a command (`MAX_COMMAND`), and refuses the whole crontab where there is more. */
const COMMAND_MAX_BYTES = 998;

function expectShort(one: Scheduled, command: string): void {
  const bytes = Buffer.byteLength(command);
  if (bytes <= COMMAND_MAX_BYTES) return;
  const why = `its command has ${bytes} bytes, and cron takes ${COMMAND_MAX_BYTES}`;
  throw inexpressible(one, why, 'move the configuration, the log or the file with variables to shorter paths');
}

/** Behind a backslash, the one that escapes would be taken for escaped itself; a pair of quotes between them changes nothing. */
function escaped(command: string): string {
  return command.replaceAll('\\%', "\\''%").replaceAll('%', '\\%');
}

function described(one: Scheduled, { timeZone }: ExportRequest): string {
  return `${one.name}: ${scheduleWords(one.schedule)} (${one.timeZone ?? timeZone})`;
}

/** It holds for all lines below it. */
function zoneLine({ timeZone }: Scheduled, request: ExportRequest, cron: Cron): string {
  const isNeeded = cron === 'cronie' && request.scheduled.some((one) => one.timeZone !== undefined);
  return isNeeded ? `CRON_TZ=${timeZone ?? request.timeZone}\n` : '';
}

function environmentText({ installation, environment }: ExportRequest): string {
  const folders = [installation.node.replace(/\/[^/]+$/, ''), ...PROGRAM_FOLDERS];
  const all = { PATH: [...new Set(folders)].join(':'), ...environment };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function needs(variables: readonly string[]): string {
  return `These variables have to be set, each on a line NAME=value below this one, or with --environment: ${variables.join(', ')}.`;
}

function notesOf({ envFile }: ExportRequest, variables: readonly string[]): string[] {
  if (variables.length === 0) return [];
  if (envFile !== undefined)
    return [`${envFile} has to set ${variables.join(', ')}; the shell reads it, so chmod 600 it`];
  const names = variables.join(', ');
  return [
    `cron has an environment of its own: write ${names} as NAME=value into the crontab, or into a file of mode 600 that --environment names`,
  ];
}
