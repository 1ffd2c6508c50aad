import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';
import { scheduledOf } from './scheduled.ts';

const BASE = `
sources:
  db: { type: postgres, database: app, password: { env: DB_PASSWORD } }
  report: { type: command, backup: report, env: { REPORT_TOKEN: { env: TOKEN }, LANG: C } }
repositories:
  vault: { type: restic, store: file:vault, password: { env: VAULT_PASSWORD } }
  plain: { type: archive, store: file:plain }
`;

const parsed = (text: string): Config =>
  parseConfig({ file: '/srv/surety.yaml', shownAs: 'surety.yaml', text: BASE + text, mode: 0o600 });

test('a verb is given by its schedule alone, or with options and a time zone of its own', () => {
  const { maintenance } = parsed(`
maintenance:
  time_zone: Europe/London
  verify: { schedule: '0 6 * * *', days: 7, read_data: true, repositories: [vault], time_zone: UTC }
  cleanup: '@weekly'
`);
  assert.deepEqual(maintenance, [
    { verb: 'cleanup', schedule: '@weekly', timeZone: 'Europe/London', args: ['cleanup'] },
    {
      verb: 'verify',
      schedule: '0 6 * * *',
      timeZone: 'UTC',
      args: ['verify', '--days', '7', '--read-data', '--repository', 'vault'],
    },
  ]);
});

test('without maintenance there is none', () => {
  assert.deepEqual(parsed('').maintenance, []);
});

test('what is scheduled are jobs with a schedule and maintenance, each with the variables that its secrets come from', () => {
  const config = parsed(`
jobs:
  nightly: { sources: [db, report], to: [plain], schedule: '7 3 * * *', time_zone: UTC }
  byhand: { sources: all, to: all }
maintenance: { cleanup: '0 5 * * 0' }
`);
  assert.deepEqual(
    scheduledOf(config).map(({ name, args, timeZone, variables }) => [name, args, timeZone, variables]),
    [
      ['backup nightly', ['backup', 'nightly'], 'UTC', ['DB_PASSWORD', 'TOKEN']],
      ['cleanup', ['cleanup'], undefined, ['VAULT_PASSWORD']],
    ],
  );
});
