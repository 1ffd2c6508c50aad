import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { PLATFORM, requestFor, scheduledAs } from '../../../test/fixtures/scheduled.ts';
import { type ComposeHow, composeServiceOf } from './compose.ts';
import type { ExportRequest } from './exported.ts';

const HOW: ComposeHow = {
  root: '/opt/surety',
  image: 'surety:1',
  networks: ['avalanche_network'],
  places: [
    { path: '/srv/platform/data', writable: false },
    { path: '/mnt/media', writable: false },
    { path: '/mnt/vault', writable: true },
  ],
  hostname: 'platform',
  localServers: ['database'],
};

const exported = (request: ExportRequest, how: Partial<ComposeHow> = {}) =>
  composeServiceOf(request, { ...HOW, ...how });
const documentOf = (...args: Parameters<typeof exported>) => parse(exported(...args).files[0]?.text ?? '');

test('a service runs crond in the foreground with the same schedules', () => {
  const document = documentOf(requestFor(PLATFORM, { name: 'avalanche', envFile: '/srv/platform/.env' }));
  const service = document.services['backup-scheduler'];
  assert.equal(service.container_name, 'avalanche_backup_scheduler');
  assert.deepEqual(service.command, ['crond', '-f', '-l', '8', '-c', '/etc/crontabs']);
  assert.deepEqual(service.env_file, ['/srv/platform/.env']);
  assert.deepEqual(service.environment, { TZ: 'Europe/London' });
  assert.deepEqual(
    [service.image, service.hostname, service.networks],
    ['surety:1', 'platform', ['avalanche_network']],
  );
  assert.deepEqual(document.networks, { avalanche_network: { external: true } });
  const [config] = service.configs;
  assert.equal(config.target, '/etc/crontabs/root');
  const lines = document.configs[config.source].content.trimEnd().split('\n');
  assert.equal(lines.length, PLATFORM.length);
  assert.equal(
    lines[0],
    '0 2 * * *  /opt/surety/bin/surety --config /srv/platform/surety.yaml --no-progress backup database >> /proc/1/fd/1 2>&1',
  );
  assert.doesNotMatch(lines.join('\n'), /^PATH/m);
});

test('what the image needs is in it when it is built, and nothing is installed when it starts', () => {
  const { build, command } = documentOf(requestFor(PLATFORM)).services['backup-scheduler'];
  assert.equal(build.context, '/opt/surety');
  assert.match(build.dockerfile_inline, /^FROM node:24-alpine\n.*postgresql-client mariadb-client\n/);
  assert.match(build.dockerfile_inline, /^COPY src \.\/src$/m);
  assert.ok(!JSON.stringify(command).includes('apk'));
});

test('the folder of the configuration and what is outside of it are mounted where they are, sources only to be read', () => {
  const { volumes } = documentOf(requestFor(PLATFORM)).services['backup-scheduler'];
  assert.deepEqual(
    volumes.map(({ source, target, read_only }: Record<string, unknown>) => [source, target, read_only === true]),
    [
      ['/srv/platform', '/srv/platform', false],
      ['/mnt/media', '/mnt/media', true],
      ['/mnt/vault', '/mnt/vault', false],
      ['surety-state', '/var/lib/surety', false],
    ],
  );
});

test('a dollar sign in a path is one for Compose too, and a % is no end of a line', () => {
  const { installation } = requestFor([]);
  const configFile = '/srv/$HOME 50%/surety.yaml';
  const request = requestFor(PLATFORM, { installation: { ...installation, configFile, directory: '/srv/$HOME 50%' } });
  const text = exported(request).files[0]?.text ?? '';
  assert.match(text, /--config '\/srv\/\$\$HOME 50%\/surety\.yaml'/);
  assert.doesNotMatch(text.replaceAll('$$', ''), /\$/);
});

test('one time zone is that of the container; several, and days that busybox takes otherwise, are refused by name', () => {
  const inUtc = scheduledAs('backup db', '0 2 * * *', { timeZone: 'UTC' });
  assert.equal(documentOf(requestFor([inUtc])).services['backup-scheduler'].environment.TZ, 'UTC');
  assert.throws(() => exported(requestFor([inUtc, scheduledAs('cleanup', '0 5 * * 0')])), {
    code: 'schedule.inexpressible',
    message:
      /^cleanup \(0 5 \* \* 0\): the container has one time zone, and the schedules have several: UTC, Europe\/London$/,
  });
  const both = requestFor([scheduledAs('cleanup', '0 2 */2 * 1')]);
  assert.throws(() => exported(both), {
    code: 'schedule.inexpressible',
    message: /either of the two days fits, not both$/,
  });
});

test('who starts it is told of variables, and of servers that are elsewhere when seen from a container', () => {
  const notes = exported(requestFor(PLATFORM)).notes.join('\n');
  assert.match(notes, /needs DB_PASSWORD.*\.env file of mode 600/);
  assert.match(notes, /`server` of database has to name the service/);
});

test('days are written so that busybox takes them as they are meant: it counts steps from a day 0', () => {
  const cases = [
    ['0 2 */10 * *', '0 2 1,11,21,31 * *'],
    ['*/30 2 * */6 *', '0,30 2 * 1,7 *'],
    ['0 2 13 * 5', '0 2 13 * 5'],
    ['0 2 1-31 * 1', '0 2 * * *'],
    ['0 2 * * fri-7', '0 2 * * 0,5,6'],
  ] as const;
  for (const [schedule, wanted] of cases) {
    const { configs } = documentOf(requestFor([scheduledAs('cleanup', schedule)]));
    assert.equal(configs['surety-crontab'].content.split('  ')[0], wanted, schedule);
  }
});
