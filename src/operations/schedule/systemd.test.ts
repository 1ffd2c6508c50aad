import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithout } from '../../../test/fixtures/programs.ts';
import { PLATFORM, requestFor, scheduledAs } from '../../../test/fixtures/scheduled.ts';
import { nextRuns } from '../../rules/schedule-times.ts';
import { calendarEvents, systemdUnitsOf } from './systemd.ts';

const events = (schedule: string, timeZone?: string) => calendarEvents(scheduledAs('cleanup', schedule, { timeZone }));

test('schedules become calendar events that mean the same', () => {
  const cases = [
    ['0 2 * * *', ['*-*-* 02:00:00']],
    ['0 3 * * 7', ['Sun *-*-* 03:00:00']],
    ['0 4 1 * *', ['*-*-01 04:00:00']],
    ['*/15 0-2 * jan,jul mon-fri', ['Mon,Tue,Wed,Thu,Fri *-01,07-* 00,01,02:00,15,30,45:00']],
    ['51 * * * *', ['*-*-* *:51:00']],
    ['0 4 13 * 5', ['*-*-13 04:00:00', 'Fri *-*-* 04:00:00']],
    ['0 4 1-31 * 5', ['*-*-* 04:00:00']],
    ['0 4 */10 * 5', ['Fri *-*-01,11,21,31 04:00:00']],
  ] as const;
  for (const [schedule, wanted] of cases) assert.deepEqual(events(schedule), wanted, schedule);
});

test('a time zone goes along under the name that systemd knows; an offset is refused', () => {
  assert.deepEqual(events('0 2 * * *', 'europe/london'), ['*-*-* 02:00:00 Europe/London']);
  assert.deepEqual(events('0 2 * * *', 'utc'), ['*-*-* 02:00:00 UTC']);
  assert.throws(() => events('0 2 * * *', '+02:00'), {
    code: 'schedule.inexpressible',
    message: 'cleanup (0 2 * * *): systemd has no time zone +02:00',
  });
});

test('each schedule has a service and a timer that catches up', () => {
  const { files, notes } = systemdUnitsOf(requestFor(PLATFORM, { name: 'avalanche' }));
  assert.deepEqual(files.map(({ name }) => name).slice(0, 3), [
    'avalanche-backup-database.service',
    'avalanche-backup-database.timer',
    'avalanche-backup-files.service',
  ]);
  assert.match(files[1]?.text ?? '', /^OnCalendar=\*-\*-\* 02:00:00$/m);
  assert.match(files[1]?.text ?? '', /^Persistent=true$/m);
  assert.match(files[0]?.text ?? '', /It needs DB_PASSWORD/);
  assert.doesNotMatch(files[2]?.text ?? '', /EnvironmentFile/);
  assert.match(notes.join('\n'), /systemctl enable --now avalanche-backup-database\.timer .*avalanche-verify\.timer/);
});

test('spaces, quotes, % and $ in paths stand as systemd wants them', () => {
  const { installation } = requestFor([]);
  const configFile = '/srv/my $platform "50%"/surety.yaml';
  const how = { installation: { ...installation, configFile }, log: '/var/log/my 50%.log', envFile: '/etc/my 50%/env' };
  const text = systemdUnitsOf(requestFor(PLATFORM.slice(0, 1), how)).files[0]?.text ?? '';
  assert.match(
    text,
    /^ExecStart=\/opt\/surety\/bin\/surety --config "\/srv\/my \$\$platform \\"50%%\\"\/surety\.yaml" --no-progress backup database$/m,
  );
  assert.match(text, /^StandardOutput=append:\/var\/log\/my 50%%\.log$/m);
  assert.match(text, /^EnvironmentFile=\/etc\/my 50%%\/env$/m);
});

const skip = skipWithout('systemd-analyze');

test('systemd itself comes to the same times', { skip }, () => {
  const schedules = ['0 2 * * *', '*/20 0-1 * * 1-5', '0 4 1 * *', '30 5 29 2 *', '0 17 * * 5', '59 23 31 12 *'];
  const zones = ['UTC', 'Europe/London', 'America/New_York', 'Asia/Kolkata'];
  const all = schedules.flatMap((schedule) => zones.map((timeZone) => ({ schedule, timeZone })));
  const after = new Date('2026-11-21T04:00:00Z');
  for (const { schedule, timeZone } of all) {
    const [event = ''] = events(schedule, timeZone);
    const args = ['calendar', '--iterations=4', '--base-time=2026-11-21 04:00:00 UTC', event];
    const { stdout, stderr } = spawnSync('systemd-analyze', args, {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
    });
    const said = [...stdout.matchAll(/\b(\d{4}-\d\d-\d\d) (\d\d:\d\d):00 UTC$/gm)].map(
      ([, day, time]) => `${day}T${time}`,
    );
    const own = nextRuns(schedule, { timeZone, after, count: 4 }).map((time) => time.toISOString().slice(0, 16));
    assert.deepEqual([...new Set(said)], own, `${event}\n${stdout}${stderr}`);
  }
});

test('systemd accepts the units', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety units 50%-'));
  try {
    const how = {
      installation: {
        surety: '/bin/sh',
        node: process.execPath,
        configFile: `${folder}/surety.yaml`,
        directory: folder,
      },
    };
    const odd = [...PLATFORM, scheduledAs('backup both', '0 4 13 * 5', { timeZone: 'Europe/London' })];
    const { files } = systemdUnitsOf(requestFor(odd, { ...how, log: `${folder}/all.log`, envFile: `${folder}/env` }));
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    const { status, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', ...files.map(({ name }) => join(folder, name))],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /surety-/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
