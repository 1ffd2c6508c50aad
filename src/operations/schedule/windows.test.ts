import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLATFORM, requestFor, scheduledAs } from '../../../test/fixtures/scheduled.ts';
import type { Scheduled } from '../../rules/scheduled.ts';
import type { ExportRequest } from './exported.ts';
import { windowsTasksOf } from './windows.ts';

const INSTALLATION = {
  surety: 'C:\\surety\\bin\\surety.ts',
  node: 'C:\\Program Files\\nodejs\\node.exe',
  configFile: 'surety.yaml',
  directory: 'C:\\Volume D\\Avalanche',
};

const tasks = (scheduled: readonly Scheduled[], more: Partial<ExportRequest> = {}) =>
  windowsTasksOf(requestFor(scheduled, { installation: INSTALLATION, name: 'Avalanche', ...more }));
const task = (schedule: string, more: Partial<Scheduled> = {}, how: Partial<ExportRequest> = {}) =>
  tasks([scheduledAs('cleanup', schedule, more)], how).files[0]?.text ?? '';

/** The part between the tags, without line breaks and indentation. */
function inside(text: string, name: string): string {
  const found = new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`).exec(text);
  return (found?.[1] ?? '').replaceAll(/\s*\r\n\s*/g, '');
}

test('a daily backup, a weekly one and a weekly clean-up are tasks with program, arguments and a folder with a space', () => {
  const { files, notes } = tasks(PLATFORM);
  assert.deepEqual(
    files.map(({ name }) => name),
    ['Database Backup', 'Files Backup', 'Full Backup', 'Backup Cleanup', 'Backup Verification'].map(
      (name) => `Avalanche ${name}.xml`,
    ),
  );
  const [database = '', filesTask = '', full = '', cleanup = ''] = files.map(({ text }) => text);
  const action = inside(database, 'Exec');
  assert.equal(inside(action, 'Command'), '"C:\\Program Files\\nodejs\\node.exe"');
  assert.match(
    inside(action, 'Arguments'),
    / C:\\surety\\bin\\surety\.ts --config surety\.yaml --quiet backup database$/,
  );
  assert.equal(inside(action, 'WorkingDirectory'), 'C:\\Volume D\\Avalanche');
  assert.match(inside(database, 'CalendarTrigger'), /T02:00:00<.*<ScheduleByDay><DaysInterval>1<\/DaysInterval>/);
  assert.match(
    inside(filesTask, 'CalendarTrigger'),
    /T03:00:00<.*<ScheduleByWeek><DaysOfWeek><Sunday \/><\/DaysOfWeek>/,
  );
  assert.match(
    inside(full, 'CalendarTrigger'),
    /T04:00:00<.*<DaysOfMonth><Day>1<\/Day><\/DaysOfMonth><Months><January \/>/,
  );
  assert.match(inside(full, 'Months'), /^(<\w+ \/>){12}$/);
  assert.match(inside(cleanup, 'CalendarTrigger'), /T05:00:00<.*<Sunday \/>/);
  assert.ok(notes.includes('schtasks /Create /TN "Avalanche Database Backup" /XML "Avalanche Database Backup.xml"'));
  assert.equal(inside(cleanup, 'URI'), '\\Avalanche Backup Cleanup');
  assert.match(notes.join('\n'), /setx \/M DB_PASSWORD/);
});

test('a task begins with the next time that lies ahead, so that it does not start when it is made', () => {
  const start = (schedule: string) => inside(task(schedule), 'StartBoundary');
  // It is four in the morning.
  assert.equal(start('0 2 * * *'), '2026-11-22T02:00:00');
  assert.equal(start('0 5 * * *'), '2026-11-21T05:00:00');
});

test('what comes evenly over the day is repeated, other times are triggers of their own', () => {
  assert.match(
    inside(task('51 * * * *'), 'CalendarTrigger'),
    /^<Repetition><Interval>PT60M<\/Interval><Duration>P1D<.*T00:51:00</,
  );
  assert.match(inside(task('*/15 * * * *'), 'Repetition'), /^<Interval>PT15M</);
  assert.equal(task('0 2,14 * * *').match(/<CalendarTrigger>/g)?.length, 1);
  assert.equal(task('0 2,7 * * *').match(/<CalendarTrigger>/g)?.length, 2);
  assert.equal(
    task('0 2 13 * 5')
      .match(/<ScheduleBy(?:Month|Week)>/g)
      ?.join(),
    '<ScheduleByMonth>,<ScheduleByWeek>',
  );
  assert.equal(inside(task('0 2 * 6 *'), 'DaysOfMonth').match(/<Day>/g)?.length, 31);
});

test('what the Task Scheduler can not express is refused by name', () => {
  const refused = (schedule: string, message: RegExp, timeZone?: string) =>
    assert.throws(() => task(schedule, { timeZone }), { code: 'schedule.inexpressible', message });
  refused('0 2 * 6 1', /^cleanup \(0 2 \* 6 1\): .*weekdays that are restricted to some months/);
  refused('0 2 */2 * 1', /weekdays that are restricted/);
  refused('1-59/2 0-9 * * *', /at most 48 times, and this comes at 300/);
  refused(
    '0 2 * * *',
    /those of UTC, and the Task Scheduler knows only those of its machine, here Europe\/London/,
    'UTC',
  );
  assert.match(task('0 2 * * *', { timeZone: 'UTC' }, { timeZone: 'UTC' }), /T02:00:00</);
});

test('with a log, cmd appends to it; a path that cmd would change is refused', () => {
  const action = inside(task('0 5 * * 0', {}, { log: 'C:\\Volume D\\cron.log' }), 'Exec');
  assert.equal(inside(action, 'Command'), '%SystemRoot%\\System32\\cmd.exe');
  const line = inside(action, 'Arguments');
  assert.match(
    line,
    /^\/d \/s \/c ""C:\\Program Files\\nodejs\\node\.exe" .* --no-progress cleanup &gt;&gt; "C:\\Volume D\\cron\.log" 2&gt;&amp;1"$/,
  );
  assert.throws(() => task('0 5 * * 0', {}, { log: 'C:\\50%PATH%\\x.log' }), { code: 'schedule.path' });
});

test('the XML is well-formed whatever the folder is called', () => {
  const installation = { ...INSTALLATION, directory: "C:\\a & b <c> 'd' 50%" };
  for (const { text } of tasks(PLATFORM, { installation }).files) {
    const open: string[] = [];
    for (const [, close, name = '', , self] of text.matchAll(/<(\/)?([A-Za-z]\w*)((?:\s[^<>]*?)?)(\/)?>/g)) {
      if (close !== undefined) assert.equal(open.pop(), name);
      else if (self === undefined) open.push(name);
    }
    assert.deepEqual(open, []);
    assert.doesNotMatch(text.replaceAll(/&(?:amp|lt|gt);/g, ''), /&/);
    assert.equal(inside(text, 'WorkingDirectory'), "C:\\a &amp; b &lt;c&gt; 'd' 50%");
    assert.match(text, /^<\?xml version="1\.0" encoding="UTF-16"\?>\r\n/);
  }
});
