/**
 * Services and timers of systemd, https://www.freedesktop.org/software/systemd/man/systemd.timer.html; times are translated into its
 * own calendar events (systemd.time), which know time zones.
 */
import { isEitherDay, type ScheduleField, type ScheduleFields, scheduleFields } from '../../rules/schedule-fields.ts';
import { scheduleWords } from '../../rules/schedule-words.ts';
import type { Scheduled } from '../../rules/scheduled.ts';
import {
  type Exported,
  type ExportedFile,
  type ExportRequest,
  expectOneLine,
  headOf,
  inexpressible,
  PROGRAM_FOLDERS,
  variablesOf,
} from './exported.ts';

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A service and a timer for each. Throws `schedule.inexpressible` or `schedule.path`. */
export function systemdUnitsOf(request: ExportRequest): Exported {
  const { scheduled, installation, envFile, log } = request;
  expectOneLine([installation.surety, installation.node, installation.configFile, envFile, log]);
  const files = scheduled.flatMap((one): ExportedFile[] => {
    const unit = `${request.name}-${one.name.replaceAll(' ', '-')}`;
    return [
      { name: `${unit}.service`, text: serviceText(one, request) },
      { name: `${unit}.timer`, text: timerText(one, request) },
    ];
  });
  const timers = files.map(({ name }) => name).filter((name) => name.endsWith('.timer'));
  return { files, notes: [...secretNotes(request), enabling(timers)] };
}

/** One or two calendar events that mean the same as the schedule. Throws `schedule.inexpressible`. */
export function calendarEvents(one: Scheduled): string[] {
  const fields = scheduleFields(one.schedule);
  const zone = one.timeZone === undefined ? '' : ` ${zoneName(one)}`;
  const time = `${listed(fields.hour)}:${listed(fields.minute)}:00`;
  const event = ({ day, weekday }: Pick<ScheduleFields, 'day' | 'weekday'>) => {
    const days = weekday.isFull ? '' : `${weekday.values.map((value) => WEEKDAYS[value]).join(',')} `;
    return `${days}*-${listed(fields.month)}-${listed(day)} ${time}${zone}`;
  };
  if (!isEitherDay(fields) || fields.day.isFull || fields.weekday.isFull) {
    // Either of two days, one of which is any, is any day.
    return [isEitherDay(fields) ? event({ day: ANY, weekday: ANY }) : event(fields)];
  }
  return [event({ day: fields.day, weekday: ANY }), event({ day: ANY, weekday: fields.weekday })];
}

const ANY: ScheduleField = { values: [], text: '*', isStar: true, isFull: true };

function listed({ values, isFull }: ScheduleField): string {
  return isFull ? '*' : values.map((value) => String(value).padStart(2, '0')).join(',');
}

/** systemd knows the names of the time zone database as they are written there, and no offsets. */
function zoneName(one: Scheduled): string {
  const zone = one.timeZone ?? '';
  if (zone.toUpperCase() === 'UTC') return 'UTC';
  if (/^[+-]/.test(zone)) {
    throw inexpressible(one, `systemd has no time zone ${zone}`, 'name one such as Europe/London or Etc/GMT-1');
  }
  const known = Intl.supportedValuesOf('timeZone').find((name) => name.toLowerCase() === zone.toLowerCase());
  return known ?? zone;
}

function serviceText(one: Scheduled, request: ExportRequest): string {
  const { installation, envFile, log, environment } = request;
  const folders = [installation.node.replace(/\/[^/]+$/, ''), ...PROGRAM_FOLDERS];
  const variables = { PATH: [...new Set(folders)].join(':'), ...environment };
  const argv = [installation.surety, '--config', installation.configFile, '--no-progress', ...one.args];
  return [
    `# ${headOf('systemd', request)}`,
    '[Unit]',
    `Description=Surety: ${specified(one.name)}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=${argv.map(execWord).join(' ')}`,
    '# 3: finished, with warnings that are in the journal.',
    'SuccessExitStatus=3',
    ...Object.entries(variables).map(([name, value]) => `Environment=${environmentWord(`${name}=${value}`)}`),
    ...environmentFileLines(one, envFile),
    ...(log === undefined ? [] : ['StandardOutput', 'StandardError'].map((key) => `${key}=append:${specified(log)}`)),
    '',
  ].join('\n');
}

function environmentFileLines({ variables }: Scheduled, envFile: string | undefined): string[] {
  if (envFile !== undefined) return [`EnvironmentFile=${specified(envFile)}`];
  if (variables.length === 0) return [];
  return [
    `# It needs ${variables.join(', ')}: lines NAME=value in a file of mode 600 that is named here.`,
    '#EnvironmentFile=/etc/surety/environment',
  ];
}

function timerText(one: Scheduled, request: ExportRequest): string {
  return [
    `# ${headOf('systemd', request)}`,
    '[Unit]',
    `Description=Surety: ${specified(one.name)}, ${scheduleWords(one.schedule)}`,
    '',
    '[Timer]',
    ...calendarEvents(one).map((event) => `OnCalendar=${event}`),
    '# What was missed while the machine was off is done when it is on again.',
    'Persistent=true',
    'AccuracySec=1s',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n');
}

/** A word of ExecStart, in which quotes, $ and % mean something. */
function execWord(word: string): string {
  return specified(quoted(word).replaceAll('$', '$$$$'));
}

function environmentWord(word: string): string {
  return specified(quoted(word));
}

function quoted(word: string): string {
  if (/^[\w@+=:,./$%-]+$/.test(word)) return word;
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function specified(text: string): string {
  return text.replaceAll('%', '%%');
}

function secretNotes({ scheduled, envFile }: ExportRequest): string[] {
  const names = variablesOf(scheduled).join(', ');
  if (names === '') return [];
  if (envFile !== undefined) return [`${envFile} has to have lines NAME=value for ${names}; chmod 600 it`];
  return [`the runs need ${names}: write NAME=value lines into a file of mode 600, and export with --environment`];
}

function enabling(timers: readonly string[]): string {
  return `copy the files to /etc/systemd/system, then: systemctl daemon-reload && systemctl enable --now ${timers.join(' ')}`;
}
