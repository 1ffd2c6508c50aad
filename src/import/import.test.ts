import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { checkConfig } from '../config/parse.ts';
import { accountOf } from './account.ts';
import { documentOf, type Fitted } from './fit.ts';
import { importConfig, placed, readInput, translate } from './import.ts';
import type { Input } from './input.ts';
import { writeText } from './write.ts';

const TESTDATA = join(import.meta.dirname, 'testdata');
const CASES = readdirSync(TESTDATA).sort();

function inputsOf(name: string): Input[] {
  const files = globSync('*', { cwd: join(TESTDATA, name) }).filter((file) => file !== 'expected.txt');
  const order = (file: string) => (file.endsWith('.env') ? 1 : 0);
  files.sort((a, b) => order(a) - order(b) || a.localeCompare(b));
  return files.map((file) => readInput(basename(file), readFileSync(join(TESTDATA, name, file))));
}

for (const name of CASES) {
  describe(name, () => {
    const inputs = inputsOf(name);

    test('is translated as its golden file says, whatever this version can do of it', (t) => {
      const { format, draft } = translate({ inputs, format: undefined });
      assert.equal(format, name.split('-')[0]);
      const fitted: Fitted = { sections: draft.sections, setAside: [], standIn: undefined };
      const { carried, notCarried, notes } = accountOf(draft, fitted, '');
      const text = writeText({ title: name, fitted, draft, notCarried });
      const lines = [
        ...carried.map((one) => `${placed(one)} → ${one.to}`),
        ...notes.map((one) => `note ${placed(one)}: ${one.message}`),
      ];
      const golden = join(TESTDATA, name, 'expected.txt');
      t.assert.fileSnapshot(`${text}\n--- ---\n${lines.join('\n')}\n`, golden, { serializers: [String] });
    });

    test('becomes a configuration without errors, and each of its settings is accounted for', () => {
      const { draft } = translate({ inputs, format: undefined });
      const { text, carried, notCarried } = importConfig({ inputs, format: undefined });
      const { config, errors } = checkConfig({ file: '/srv/surety.yaml', shownAs: 'surety.yaml', text, mode: 0o600 });
      assert.deepEqual(errors, []);
      assert.ok(config !== undefined && config.repositories.length > 0);
      const told = new Set([...carried, ...notCarried].map(placed));
      const lost = [...draft.carried, ...draft.notCarried].map(placed).filter((one) => !told.has(one));
      assert.deepEqual(lost, []);
      for (const one of notCarried) assert.ok(text.includes(placed(one)), `${placed(one)} is not in the text`);
    });

    test('gives no secret away', () => {
      const { text, carried, notCarried, notes } = importConfig({ inputs, format: undefined });
      const said = JSON.stringify({ text, carried, notCarried, notes });
      const secrets = inputs.flatMap((input) =>
        [...input.text.matchAll(/[\w-]*secret-value/g)].map(([secret]) => secret),
      );
      for (const secret of [...secrets, 'your_secure_password', 'your_access_key', 'your-app-password', 'AccountKey']) {
        assert.ok(!said.includes(secret), secret);
      }
    });
  });
}

test('the documented Avalanche configuration becomes three jobs with paths that stay relative, clean-up and verification', () => {
  const { draft } = translate({ inputs: inputsOf('avalanche-basic'), format: undefined });
  const keep = { daily: 7, weekly: 4, monthly: 12 };
  assert.deepEqual(documentOf(draft.sections), {
    sources: {
      database: {
        ...{ type: 'postgres', database: 'avalanche_edna', server: 'localhost', port: 5432, user: 'avalanche' },
        ...{ password: { env: 'DB_PASSWORD' }, format: 'plain' },
      },
      files: {
        type: 'files',
        paths: [
          ...['data/datasets', 'data/raw', 'data/processed', 'data/reference', 'data/report_storage'],
          ...['consolidated_data', 'config'],
        ],
        ...{ exclude: [], exclude_caches: false },
      },
    },
    repositories: { backups: { type: 'archive', store: 'file:data/backups', compression: 'gzip' } },
    jobs: {
      database: { sources: ['database'], to: ['backups'], schedule: '0 2 * * *', keep },
      files: { sources: ['files'], to: ['backups'], schedule: '0 3 * * 0', keep },
      full: { sources: ['database', 'files'], to: ['backups'], schedule: '0 4 1 * *', keep },
    },
    maintenance: {
      cleanup: { schedule: '0 5 * * 0' },
      verify: { schedule: '0 6 * * *', days: 7, read_data: true },
    },
  });
  assert.deepEqual(draft.notCarried, []);
});

test('times of a crontab go before those that the scripts are known to run at, and of two for one verb the first is taken', () => {
  const crontab = '30 5 * * 6 cd /opt && python3 backup_manager.py cleanup\n15 1 * * * /opt/database_backup.sh\n';
  const inputs = [...inputsOf('avalanche-basic'), readInput('crontab', Buffer.from(crontab))];
  const { sections, carried } = translate({ inputs, format: undefined }).draft;
  assert.equal(sections.maintenance.get('cleanup')?.schedule, '30 5 * * 6');
  assert.equal(sections.jobs.get('database')?.schedule, '15 1 * * *');
  assert.equal(sections.maintenance.get('verify')?.schedule, '0 6 * * *');
  assert.ok(carried.some(({ file, to }) => file === 'crontab' && to.join('.') === 'maintenance.cleanup.schedule'));

  const script =
    'export RESTIC_REPOSITORY=/srv/vault\n0 1 * * * restic backup /home\n0 5 * * 0 restic prune\n0 6 * * 0 restic forget\n0 7 * * 0 restic check --read-data\n';
  const { draft } = translate({ inputs: [readInput('crontab', Buffer.from(script))], format: undefined });
  assert.deepEqual(documentOf(draft.sections).maintenance, {
    cleanup: { schedule: '0 5 * * 0' },
    verify: { schedule: '0 7 * * 0', read_data: true },
  });
  assert.deepEqual(
    draft.notCarried.map(({ key }) => key),
    ['0 6 * * 0 restic forget'],
  );
});

test('folders that are not there are left out, unless none is', () => {
  const inputs = inputsOf('avalanche-everything');
  const pathsWith = (exists: (path: string) => boolean) =>
    translate({ inputs, format: undefined, exists }).draft.sections.sources.get('files')?.paths;
  assert.deepEqual(
    pathsWith((path) => path !== 'config'),
    ['data/datasets', 'data/Reference Data'],
  );
  assert.deepEqual(
    pathsWith(() => false),
    ['data/datasets', 'data/Reference Data', 'config'],
  );
});

describe('what is no configuration is refused with a reason', () => {
  const refused = (text: string | Uint8Array, code: RegExp, name = 'odd.yaml') =>
    assert.throws(() => importConfig({ inputs: [readInput(name, Buffer.from(text))], format: undefined }), { code });
  const bomb = ['a0: &a0 [x, x]'];
  for (let at = 1; at < 30; at++) bomb.push(`a${at}: &a${at} [*a${at - 1}, *a${at - 1}, *a${at - 1}]`);

  test('aliases that expand without end', () => {
    refused(`backup: { root_dir: x }\n${bomb.join('\n')}`, /^config\.invalid$/);
    refused('backup: &a\n  root_dir: [*a, *a]\n', /^config\.(?:invalid|too-large)$/);
  });
  test('brackets without end', () => {
    refused(`backup: ${'['.repeat(100_000)}`, /^config\.invalid$/);
    refused(`backup: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`, /^config\./);
  });
  test('bytes that are no text', () => {
    refused(Buffer.of(0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe), /^config\.not-text$/);
    refused('backup:\0 x', /^config\.not-text$/);
  });
  test('more settings than anybody writes', () => {
    const keys = Array.from({ length: 2100 }, (_, at) => `  k${at}: 1`);
    refused(`backup:\n  root_dir: x\n${keys.join('\n')}`, /^config\.too-large$/);
  });
  test('broken YAML, with its line', () => {
    const broken = () =>
      importConfig({
        inputs: [readInput('b.yaml', Buffer.from('backup:\n  root_dir: [x\n  y: 1\n'))],
        format: undefined,
      });
    assert.throws(broken, { code: 'config.invalid', message: /^b\.yaml can not be read as YAML: line [34]: / });
  });
  test('an empty file, prose, another program', () => {
    refused('', /^config\.unknown-format$/);
    refused('Dear reader,\nthis is no configuration.\n', /^config\.unknown-format$/);
    refused('services: { web: { image: nginx } }\n', /^config\.unknown-format$/);
    refused('{"a": [1, 2', /^config\.invalid$/);
  });
  test('TOML, with what to do', () => {
    refused('[default]\nrepository = "local:/backup"\n', /^config\.unknown-format$/);
  });
  test('what takes long to look through only when it is looked through badly', () => {
    const startedMs = performance.now();
    const lines = [
      '-=',
      "A='x\n",
      '$',
      '${',
      'pass',
      'a b ',
      '\\\n',
      '0 2 * * * restic backup /x; ',
      '- - ',
      'a: b\n',
      '"',
    ];
    for (const line of lines) {
      const text = line.repeat(Math.floor(30_000 / line.length));
      for (const begin of ['', 'RESTIC_PASSWORD_COMMAND=', '#!/bin/sh\n', 'commands:\n  - run: ']) {
        const inputs = () => [readInput('x', Buffer.from(begin + text))];
        try {
          importConfig({ inputs: inputs(), format: 'restic' });
        } catch (error) {
          assert.match((error as { code: string }).code, /^config\./, `${line}: ${String(error)}`);
        }
      }
    }
    assert.ok(performance.now() - startedMs < 15_000);
  });
  test('two formats at once', () => {
    const inputs = [
      readInput('a', Buffer.from('RESTIC_REPOSITORY=/x\n')),
      readInput('b', Buffer.from('DB_TYPE=sqlite\n')),
    ];
    assert.throws(() => importConfig({ inputs, format: undefined }), {
      code: 'config.unknown-format',
      message: 'a, b could be of avalanche or restic',
    });
    assert.equal(importConfig({ inputs, format: 'restic' }).format, 'restic');
  });
  test('a file of the format that says nothing of backups', () => {
    const inputs = [readInput('a', Buffer.from('FOO=bar\n'))];
    assert.throws(() => importConfig({ inputs, format: 'borgmatic' }), { code: 'config.nothing-to-import' });
  });
});
