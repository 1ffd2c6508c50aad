import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandOfCron } from '../../../test/fixtures/cron-command.ts';
import { PLATFORM, requestFor, scheduledAs } from '../../../test/fixtures/scheduled.ts';
import { crontabOf } from './crontab.ts';

const textOf = (...request: Parameters<typeof crontabOf>) => crontabOf(...request).files[0]?.text ?? '';
const linesOf = (text: string) => text.split('\n').filter((line) => /^[\d*@]/.test(line));

test('each schedule is a line with absolute paths, silent so that cron mails only what is wrong', () => {
  const text = textOf(requestFor(PLATFORM), 'debian');
  const surety = '/opt/surety/bin/surety --config /srv/platform/surety.yaml --quiet';
  assert.deepEqual(linesOf(text), [
    `0 2 * * *  ${surety} backup database`,
    `0 3 * * 0  ${surety} backup files`,
    `0 4 1 * *  ${surety} backup full`,
    `0 5 * * 0  ${surety} cleanup`,
    `0 6 * * *  ${surety} verify --days 7 --read-data`,
  ]);
  assert.match(text, /^# Written by `surety schedule export` crontab from \/srv\/platform\/surety\.yaml/);
  assert.match(text, /^PATH=\/usr\/bin:\/usr\/local\/sbin:\/usr\/local\/bin:\/usr\/sbin:\/sbin:\/bin$/m);
  assert.match(text, /^# backup files: Sunday at 03:00 \(Europe\/London\)$/m);
  assert.match(text, /have to be set.*: DB_PASSWORD\.$/m);
  assert.doesNotMatch(text, /^MAILTO/m);
});

test('with a log, everything is said and appended to it; with a file of variables, that is read first', () => {
  const how = { log: '/var/log/platform/cron.log', envFile: '/srv/my platform/.env' };
  const [line] = linesOf(textOf(requestFor(PLATFORM.slice(0, 1), how), 'debian'));
  const run = '/opt/surety/bin/surety --config /srv/platform/surety.yaml --no-progress backup database';
  const read = "set -a; . '/srv/my platform/.env'; set +a";
  assert.equal(line, `0 2 * * *  { ${read}; ${run}; } >> /var/log/platform/cron.log 2>&1`);
});

test('names of days and months, 7 for Sunday and names of schedules become numbers that every cron takes', () => {
  const odd = [scheduledAs('cleanup', '@weekly'), scheduledAs('verify', '5/20 6 * jan-mar fri-7')];
  const lines = linesOf(textOf(requestFor(odd), 'debian')).map((line) => line.split('  ')[0]);
  assert.deepEqual(lines, ['0 0 * * 0', '5-59/20 6 * 1-3 0,5,6']);
});

test('a time zone that the machine does not have is refused for the cron of Debian, with what can be done', () => {
  const request = requestFor([scheduledAs('backup db', '0 2 * * *', { timeZone: 'UTC' })]);
  assert.throws(() => crontabOf(request, 'debian'), {
    code: 'schedule.inexpressible',
    message:
      'backup db (0 2 * * *): its times are those of UTC, and cron knows only those of its machine, here Europe/London',
    hint: /systemd timers.*--cron cronie.*--time-zone/,
  });
});

test('a time zone with the same times is as good: the same clock, or whole hours apart for what comes hourly', () => {
  const hourly = scheduledAs('backup db', '51 * * * *', { timeZone: 'UTC' });
  const same = scheduledAs('cleanup', '0 5 * * 0', { timeZone: 'Europe/Belfast' });
  const text = textOf(requestFor([hourly, same]), 'debian');
  assert.equal(linesOf(text).length, 2);
  assert.doesNotMatch(text, /CRON_TZ/);
});

test('for cronie, each line has the time zone it needs', () => {
  const request = requestFor([
    scheduledAs('backup db', '0 2 * * *', { timeZone: 'UTC' }),
    scheduledAs('cleanup', '0 5 * * 0'),
  ]);
  assert.deepEqual(textOf(request, 'cronie').match(/^(?:CRON_TZ=.*|\d.*? {2})/gm), [
    'CRON_TZ=UTC',
    '0 2 * * *  ',
    'CRON_TZ=Europe/London',
    '0 5 * * 0  ',
  ]);
});

test('a path with a line break is refused: the rest of it would be a line of its own', () => {
  const { installation } = requestFor([]);
  const request = requestFor(PLATFORM, { installation: { ...installation, configFile: '/srv/a\n* * * * * rm' } });
  assert.throws(() => crontabOf(request, 'debian'), { code: 'schedule.path' });
});

test('a command that is longer than cron takes is refused', () => {
  const { installation } = requestFor([]);
  const long = (length: number) => {
    const configFile = `/${'a'.repeat(length)}/surety.yaml`;
    return crontabOf(requestFor(PLATFORM, { installation: { ...installation, configFile } }), 'debian');
  };
  assert.ok(long(850));
  assert.throws(() => long(950), {
    code: 'schedule.inexpressible',
    message: /its command has \d+ bytes, and cron takes 998/,
  });
});

const path = fc.array(fc.constantFrom('%', '\\', "'", '"', ' ', '$', '`', '#', 'é', 'a', ';', '!', '~', '*'), {
  maxLength: 8,
});

test('whatever is in a path, cron and the shell hand it on as it is', () => {
  fc.assert(
    fc.property(path, path, (config, log) => {
      const configFile = `/srv/${config.join('')}/surety.yaml`;
      const logFile = `/tmp/${log.join('')}`;
      const { installation } = requestFor([]);
      const request = requestFor([scheduledAs('cleanup', '0 5 * * 0')], {
        installation: { ...installation, configFile },
      });
      const [line = ''] = linesOf(textOf({ ...request, envFile: logFile }, 'debian'));
      const command = commandOfCron(line)
        .replace('/opt/surety/bin/surety', 'printf "%s\\n"')
        .replace('. ', 'printf "%s\\n" ');
      const { stdout } = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', env: {} });
      assert.deepEqual(stdout, [logFile, '--config', configFile, '--quiet', 'cleanup', ''].join('\n'));
    }),
    { numRuns: 60 },
  );
});
