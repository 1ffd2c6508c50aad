/** `surety schedule` and its exports: what they make is run as the schedulers run it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { commandOfCron } from '../fixtures/cron-command.ts';
import { skipWithout } from '../fixtures/programs.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const SECRET = "it's a $ecret 50%";

describe('a platform in a folder with a space and a %', () => {
  const top = mkdtempSync(join(tmpdir(), 'surety-schedule-'));
  const folder = join(top, 'my platform 50%');
  const [environment, log] = [join(folder, '.env'), join(folder, 'cron log 1%.txt')];
  let surety: Surety;

  before(async () => {
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(join(folder, 'data', 'letter.txt'), 'Dear reader\n');
    writeFileSync(environment, `VAULT_PASSWORD='${SECRET.replaceAll("'", "'\\''")}'\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'surety.yaml'), configuration());
    surety = suretyHere(folder, { VAULT_PASSWORD: SECRET, TZ: 'Europe/London' });
    await surety.run('init');
  });
  after(() => rmSync(top, { recursive: true, force: true }));

  test('each line of the crontab works as cron runs it: sh, next to no environment, another folder', async () => {
    const text = await surety.run('schedule', 'export', 'crontab', '--environment', environment, '--log', log);
    const lines = text.split('\n').filter((line) => /^\d/.test(line));
    assert.deepEqual(
      lines.map((line) => line.split('  ')[0]),
      ['0 2 * * *', '0 5 * * 0', '0 6 * * *'],
    );
    const settings = [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
    const env = { SHELL: '/bin/sh', LOGNAME: 'reader', HOME: top, ...Object.fromEntries(settings) };
    for (const line of lines) {
      const done = spawnSync('/bin/sh', ['-c', commandOfCron(line)], { cwd: '/', env, encoding: 'utf8' });
      assert.deepEqual([done.status, done.stdout, done.stderr], [0, '', ''], line);
    }
    const said = readFileSync(log, 'utf8');
    assert.match(said, /nightly[\s\S]*vault[\s\S]*no problems/);
    const { repositories } = await surety.json<{ repositories: { snapshots: unknown[] }[] }>('list');
    assert.deepEqual(
      repositories.map(({ snapshots }) => snapshots.length),
      [1],
    );
  });

  test('after these runs, everything is on time, in words and as JSON', async () => {
    const text = await surety.run('schedule', '--next', '2');
    assert.match(
      text,
      /^backup nightly {2}daily at 02:00 \(0 2 \* \* \*\) +Europe\/London +.*, ok {2}\d{4}-\d\d-\d\d 02:00$/m,
    );
    assert.match(text, /^verify +daily at 06:00 \(0 6 \* \* \*\) +Europe\/London/m);
    assert.doesNotMatch(text, /overdue/);
    const { outcome, items } = await surety.json<Shown>('schedule', '--next', '5');
    assert.equal(outcome, 'ok');
    assert.deepEqual(
      items.map(({ name, state, next }) => [name, state, next.length]),
      [
        ['backup nightly', 'on time', 5],
        ['cleanup', 'on time', 5],
        ['verify', 'on time', 5],
      ],
    );
    assert.ok(items.every(({ lastRun }) => lastRun?.outcome === 'ok'));
  });

  test('the cron of Debian accepts the crontab', { skip: skipUnlessDebianCron() }, async () => {
    const file = join(top, 'crontab');
    await surety.run('schedule', 'export', 'crontab', '--output', file);
    const { status, stderr } = spawnSync('crontab', ['-n', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  test('systemd accepts the units', { skip: skipWithout('systemd-analyze') }, async () => {
    const units = join(top, 'units');
    await surety.run('schedule', 'export', 'systemd', '--output', units, '--environment', environment, '--log', log);
    const files = readdirSync(units).map((name) => join(units, name));
    assert.equal(files.length, 6);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /surety-/);
  });

  test('no export has a secret in it; the variables that are needed are named', async () => {
    for (const format of ['crontab', 'systemd', 'compose', 'windows']) {
      const args = ['schedule', 'export', format, ...(format === 'windows' ? WINDOWS : [])];
      const { code, stdout, stderr } = await surety.attempt(...args);
      assert.equal(code, 0, stderr);
      assert.ok(!`${stdout}${stderr}`.includes(SECRET));
      assert.match(stderr, /VAULT_PASSWORD/, format);
      const { variables } = await surety.json<{ variables: string[] }>(...args);
      assert.deepEqual(variables, ['VAULT_PASSWORD']);
    }
  });

  test('variables that programs take by themselves are told, as a run by schedule lacks them', async () => {
    const env = { VAULT_PASSWORD: SECRET, PGPASSWORD: 'hush', https_proxy: 'http://proxy' };
    const { stderr } = await suretyHere(folder, env).attempt('schedule', 'export', 'crontab');
    assert.match(stderr, /note: .*\bPGPASSWORD,.*\bhttps_proxy are set here, but not in a run by schedule/);
    assert.doesNotMatch(stderr, /hush/);
    const file = join(folder, 'programs.env');
    writeFileSync(file, "VAULT_PASSWORD='x'\nexport PGPASSWORD=hush\n", { mode: 0o600 });
    const given = await suretyHere(folder, env).attempt('schedule', 'export', 'crontab', '--environment', file);
    assert.match(given.stderr, /note: .*\bhttps_proxy (is|are) set here/);
    assert.doesNotMatch(given.stderr, /PGPASSWORD|hush/);
    rmSync(file);
  });

  test('tasks for Windows are written in UTF-16 with a mark of the byte order', async () => {
    const tasks = join(top, 'tasks');
    await surety.run('schedule', 'export', 'windows', ...WINDOWS, '--output', tasks, '--name', 'Avalanche');
    assert.deepEqual(readdirSync(tasks).sort(), [
      'Avalanche Backup Cleanup.xml',
      'Avalanche Backup Verification.xml',
      'Avalanche Nightly Backup.xml',
    ]);
    const bytes = readFileSync(join(tasks, 'Avalanche Nightly Backup.xml'));
    assert.deepEqual([...bytes.subarray(0, 4)], [0xff, 0xfe, '<'.charCodeAt(0), 0]);
    assert.match(bytes.toString('utf16le'), /<WorkingDirectory>C:\\Volume D\\Avalanche<\/WorkingDirectory>/);
  });

  test('an export is written over an older one, and over nothing else without --force', async () => {
    const file = join(top, 'another file');
    writeFileSync(file, '0 0 * * * precious\n');
    const refused = await surety.attempt('schedule', 'export', 'crontab', '--output', file);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /exists already, and is no export/);
    assert.equal(readFileSync(file, 'utf8'), '0 0 * * * precious\n');
    await surety.run('schedule', 'export', 'crontab', '--output', file, '--force');
    await surety.run('schedule', 'export', 'crontab', '--output', file, '--log', log);
    assert.match(readFileSync(file, 'utf8'), /cron log 1\\%\.txt/);
  });

  test('a time zone that the scheduler can not have is refused with exit code 2, and nothing is written', async () => {
    const [zoned, file] = [join(folder, 'zoned.yaml'), join(top, 'refused')];
    writeFileSync(zoned, configuration('    time_zone: UTC\n'));
    const crontab = ['--config', zoned, 'schedule', 'export', 'crontab', '--output', file];
    const refused = await surety.attempt(...crontab);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /backup nightly \(0 2 \* \* \*\): its times are those of UTC/);
    assert.equal((await surety.attempt(...crontab, '--time-zone', 'Europe/Londn')).code, 2);
    assert.equal(existsSync(file), false);
    await surety.run(...crontab, '--time-zone', 'UTC');
    const units = await surety.run('--config', zoned, 'schedule', 'export', 'systemd');
    assert.match(units, /^OnCalendar=\*-\*-\* 02:00:00 UTC$/m);
  });
});

test('a configuration with schedules is right as it is, and is told how they come into effect', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-schedule-'));
  try {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'surety.yaml'), configuration());
    const surety = suretyHere(folder, { VAULT_PASSWORD: SECRET });
    assert.match(
      await surety.run('config', 'check'),
      /\n3 schedules: `surety schedule export` puts them into effect\n$/,
    );
    assert.match(await surety.run('schedule'), /None of it ever ran/);
    writeFileSync(
      join(folder, 'surety.yaml'),
      configuration()
        .replace(/^ {4}schedule.*\n/m, '')
        .replace(/^maintenance[\s\S]*/m, ''),
    );
    assert.match(await surety.run('schedule'), /^Nothing has a schedule/);
    assert.equal((await surety.attempt('schedule', 'export', 'systemd')).code, 2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

interface Shown {
  readonly outcome: string;
  readonly items: readonly {
    readonly name: string;
    readonly state: string;
    readonly next: readonly string[];
    readonly lastRun: { readonly outcome: string } | null;
  }[];
}

const WINDOWS = [
  ...['--node', 'C:\\Program Files\\nodejs\\node.exe', '--surety', 'C:\\surety\\bin\\surety.ts'],
  ...['--start-in', 'C:\\Volume D\\Avalanche'],
];

/** `zone` is a line for the job. */
function configuration(zone = ''): string {
  return `sources:
  files: { type: files, paths: [data] }
repositories:
  vault: { type: restic, store: file:vault, password: { env: VAULT_PASSWORD } }
jobs:
  nightly:
    sources: all
    to: all
    schedule: '0 2 * * *'
${zone}    keep: { last: 3 }
maintenance:
  cleanup: { schedule: '0 5 * * 0', repositories: [vault] }
  verify: { schedule: '0 6 * * *', days: 7, read_data: true, repositories: [vault] }
`;
}

/** Other crons take -n for something else, and might take the file for the crontab of the user. */
function skipUnlessDebianCron(): string | false {
  const missing = skipWithout('crontab');
  if (missing !== false) return missing;
  const { stdout, stderr } = spawnSync('crontab', ['-h'], { encoding: 'utf8' });
  return /-n\s+\(dry run/.test(`${stdout}${stderr}`) ? false : 'needs the cron of Debian';
}
