/**
 * Tasks for the Windows Task Scheduler, https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema: one file for each,
 * which `schtasks /Create /XML` reads in UTF-16.
 */
import { SuretyError } from '../../base/errors.ts';
import { scheduleWords } from '../../rules/schedule-words.ts';
import type { Scheduled } from '../../rules/scheduled.ts';
import {
  type Exported,
  type ExportRequest,
  expectLocalTimes,
  expectOneLine,
  headOf,
  outputOptions,
  variablesOf,
} from './exported.ts';
import { calendarTriggers, type Element } from './windows-triggers.ts';

const NAMESPACE = 'http://schemas.microsoft.com/windows/2004/02/mit/task';
/** The system itself: it needs nobody to be logged on, and no password. */
const LOCAL_SYSTEM = 'S-1-5-18';
/** What `bin/surety` gives to Node where there is a shell. */
const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4', '--heap-growing-percent=20'];

/** `installation.surety` is `bin\surety.ts` there, `directory` the folder that tasks start in. Throws `schedule.inexpressible` or `schedule.path`. */
export function windowsTasksOf(request: ExportRequest): Exported {
  const { scheduled, installation, log } = request;
  const paths = [installation.surety, installation.node, installation.configFile, installation.directory, log];
  expectOneLine(paths);
  expectWindowsPaths(paths, log);
  const files = scheduled.map((one) => {
    expectLocalTimes(one, request, 'the Task Scheduler', 'say with --time-zone which one that machine is in');
    return { name: `${taskName(one, request)}.xml`, text: taskText(one, request) };
  });
  const creating = files.map(({ name }) => `schtasks /Create /TN "${name.replace(/\.xml$/, '')}" /XML "${name}"`);
  const variables = variablesOf(scheduled).map((name) => `setx /M ${name} …`);
  const secrets =
    variables.length === 0
      ? []
      : [`the tasks run as SYSTEM and need variables of the machine: ${variables.join(', ')}`];
  return { files, notes: [...secrets, ...creating] };
}

/** What is done, as people name tasks. */
const TITLES: Readonly<Record<string, string>> = {
  copy: 'Backup Copies',
  cleanup: 'Backup Cleanup',
  verify: 'Backup Verification',
};

/** Of the task and its file: `Avalanche Database Backup`, `Avalanche Backup Cleanup`. */
function taskName({ name, verb, job }: Scheduled, request: ExportRequest): string {
  const title = verb === 'backup' ? `${capitalized(job)} Backup` : (TITLES[verb] ?? capitalized(name));
  return `${request.name} ${title}`;
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function expectWindowsPaths(paths: readonly (string | undefined)[], log: string | undefined): void {
  const wrong = paths.find(
    (path) => path !== undefined && (path.includes('"') || (log !== undefined && /[%^&|<>]/.test(path))),
  );
  if (wrong === undefined) return;
  throw new SuretyError('schedule.path', `${wrong} can not stand in a command of Windows`, {
    hint: log === undefined ? 'rename it' : 'rename it, or leave out --log: then no shell reads the path',
  });
}

function taskText(one: Scheduled, request: ExportRequest): string {
  const description = `${headOf('windows', request)} ${one.name}: ${scheduleWords(one.schedule)}.`;
  const parts = [
    xml(
      [
        'RegistrationInfo',
        [
          ['Description', description],
          ['URI', `\\${taskName(one, request)}`],
        ],
      ],
      2,
    ),
    xml(['Triggers', calendarTriggers(one, request)], 2),
    `  <Principals>\r\n    <Principal id="Author">\r\n${xml(['UserId', LOCAL_SYSTEM], 6)}`,
    `${xml(['RunLevel', 'HighestAvailable'], 6)}    </Principal>\r\n  </Principals>\r\n`,
    xml(['Settings', SETTINGS], 2),
    `  <Actions Context="Author">\r\n${xml(['Exec', actionOf(one, request)], 4)}  </Actions>\r\n`,
  ];
  const head = '<?xml version="1.0" encoding="UTF-16"?>\r\n';
  return `${head}<Task version="1.2" xmlns="${NAMESPACE}">\r\n${parts.join('')}</Task>\r\n`;
}

const SETTINGS: readonly Element[] = [
  ['MultipleInstancesPolicy', 'IgnoreNew'],
  ['DisallowStartIfOnBatteries', 'false'],
  ['StopIfGoingOnBatteries', 'false'],
  ['AllowHardTerminate', 'true'],
  // What was missed while the machine was off is done when it is on again.
  ['StartWhenAvailable', 'true'],
  ['RunOnlyIfNetworkAvailable', 'false'],
  ['Enabled', 'true'],
  ['Hidden', 'false'],
  ['RunOnlyIfIdle', 'false'],
  ['WakeToRun', 'false'],
  // As long as it takes.
  ['ExecutionTimeLimit', 'PT0S'],
];

function actionOf({ args }: Scheduled, request: ExportRequest): Element[] {
  const { installation, log } = request;
  const { node, surety, configFile, directory } = installation;
  const words = [...NODE_OPTIONS, surety, '--config', configFile, ...outputOptions(request), ...args].map(argument);
  const start: Element = ['WorkingDirectory', directory];
  if (log === undefined) return [['Command', argument(node)], ['Arguments', words.join(' ')], start];
  // With /s, cmd takes off the outer quotes and nothing else.
  const line = `${argument(node)} ${words.join(' ')} >> ${argument(log)} 2>&1`;
  return [['Command', '%SystemRoot%\\System32\\cmd.exe'], ['Arguments', `/d /s /c "${line}"`], start];
}

/** As programs of Windows take their command lines apart: backslashes before a quote count twice. */
function argument(word: string): string {
  return /^[^\s"]+$/.test(word) ? word : `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

function xml([name, content = []]: Element, columns: number): string {
  const space = ' '.repeat(columns);
  if (typeof content === 'string') return `${space}<${name}>${text(content)}</${name}>\r\n`;
  if (content.length === 0) return `${space}<${name} />\r\n`;
  return `${space}<${name}>\r\n${content.map((child) => xml(child, columns + 2)).join('')}${space}</${name}>\r\n`;
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
