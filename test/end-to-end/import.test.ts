import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { expectSuccess } from '../fixtures/run-program.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { makeDatabase } from './sample-database.ts';

const TESTDATA = join(import.meta.dirname, '..', '..', 'src', 'import', 'testdata');

interface Listed {
  readonly repositories: readonly { readonly snapshots: readonly { readonly id: string; readonly source: string }[] }[];
}

describe('an Avalanche installation with old backups is taken over', () => {
  let folder = '';
  let surety: Surety;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'surety-import-'));
    surety = suretyHere(folder);
    for (const path of ['data/datasets', 'data/reference', 'config']) {
      mkdirSync(join(folder, path), { recursive: true });
      writeFileSync(join(folder, path, 'file.txt'), `of ${path}\n`);
    }
    cpSync(join(TESTDATA, 'avalanche-basic', 'backup.yaml'), join(folder, 'config', 'backup.yaml'));
    makeDatabase(join(folder, 'data', 'avalanche.db'));
    writeFileSync(join(folder, '.env'), "DB_TYPE=sqlite\nDB_PASSWORD='never shown'\nBACKUP_CLOUD_ENABLED=false\n");
    await oldBackups(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('everything is carried over, and the configuration is right', async () => {
    const output = await surety.run('import', 'config/backup.yaml', '--env', '.env');
    assert.match(output, /^wrote .*surety\.yaml\nread as avalanche: \d+ settings carried over, 0 not\n/);
    const checked = await surety.attempt('config', 'check');
    assert.match(checked.stdout, /is right: 2 sources, 1 repository, 3 jobs/);
    assert.doesNotMatch(readFileSync(join(folder, 'surety.yaml'), 'utf8') + output, /never shown/);
  });

  test('the old backups are listed, verified and restored by their ids', async () => {
    const listed = await surety.json<Listed>('list');
    const ids = listed.repositories.flatMap(({ snapshots }) => snapshots.map(({ id }) => id));
    assert.deepEqual(ids.sort(), ['database_20241122_020000', 'files_20241122_030000']);
    const verified = await surety.attempt('verify', '--read-data');
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    await surety.run('restore', 'files_20241122_030000', '--target', join(folder, 'old'), '--force');
    assert.equal(readFileSync(join(folder, 'old', 'datasets', 'file.txt'), 'utf8'), 'of data/datasets\n');
  });

  test('new backups go beside them, and folders return to where they were', async () => {
    await surety.run('init');
    const done = await surety.attempt('backup', 'full');
    assert.equal(done.code, 0, done.stdout + done.stderr);
    const names = readdirSync(join(folder, 'data', 'backups', 'files'));
    assert.equal(names.filter((name) => /^files_\d{8}_\d{6}\.tar\.gz$/.test(name)).length, 2, names.join(', '));
    await surety.run('restore', 'latest', '--source', 'files', '--target', join(folder, 'new'), '--force');
    for (const path of ['data/datasets', 'data/reference', 'config']) {
      assert.equal(readFileSync(join(folder, 'new', path, 'file.txt'), 'utf8'), `of ${path}\n`);
    }
  });
});

/** What the scripts left behind: an archive with base names and a dump, each with its metadata. */
async function oldBackups(folder: string): Promise<void> {
  const links = join(folder, 'links');
  mkdirSync(links);
  symlinkSync(join(folder, 'data', 'datasets'), join(links, 'datasets'));
  await expectSuccess(['tar', '-chf', join(folder, 'old.tar'), '-C', links, 'datasets']);
  const files = gzipSync(readFileSync(join(folder, 'old.tar')));
  rmSync(links, { recursive: true });
  keep(folder, 'files', 'files_20241122_030000', 'tar.gz', files);
  const dump =
    '--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE users (id int);\n\n--\n-- PostgreSQL database dump complete\n--\n\n';
  keep(folder, 'database', 'database_20241122_020000', 'sql.gz', gzipSync(dump));
}

function keep(folder: string, type: string, id: string, extension: string, bytes: Buffer): void {
  const place = join(folder, 'data', 'backups', type);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, `${id}.${extension}`), bytes);
  const metadata = {
    ...{ backup_id: id, timestamp: '2024-11-22T02:00:00', backup_type: type, size_bytes: bytes.length },
    ...{ checksum: createHash('sha256').update(bytes).digest('hex'), files_included: [`${id}.${extension}`] },
    ...{ compressed: true, encrypted: false, status: 'success', error_message: null },
  };
  writeFileSync(join(place, `${id}_metadata.json`), JSON.stringify(metadata, undefined, 2));
}

describe('surety import', () => {
  let folder = '';
  let surety: Surety;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-import-'));
    surety = suretyHere(folder);
    cpSync(join(TESTDATA, 'borgmatic', 'config.yaml'), join(folder, 'borgmatic.yaml'));
    cpSync(join(TESTDATA, 'restic-environment', 'restic.env'), join(folder, 'restic.env'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('what is not carried over is listed line by line with the reason and what to do, and ends with code 3', async () => {
    const done = await surety.attempt('import', 'borgmatic.yaml');
    assert.equal(done.code, 3, done.stderr);
    assert.match(
      done.stdout,
      /not carried over: borgmatic\.yaml:33 keep_secondly: there is no such period\n +→ choose/,
    );
    const text = readFileSync(join(folder, 'surety.yaml'), 'utf8');
    assert.match(text, /# - borgmatic\.yaml:33 keep_secondly: there is no such period\n/);
    const checked = await surety.attempt('config', 'check');
    assert.match(checked.stdout, /is right/);
  });

  test('a file that is there stays, unless --force says otherwise', async () => {
    writeFileSync(join(folder, 'mine.yaml'), 'precious\n');
    const refused = await surety.attempt('import', 'restic.env', '--output', 'mine.yaml');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /mine\.yaml exists already\n.*--force/);
    assert.equal(readFileSync(join(folder, 'mine.yaml'), 'utf8'), 'precious\n');
    await surety.attempt('import', 'restic.env', '--output', 'mine.yaml', '--force');
    assert.match(readFileSync(join(folder, 'mine.yaml'), 'utf8'), /imported from restic\.env \(restic\)/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.import-')),
      [],
    );
  });

  test('--stdout prints the configuration and nothing else, the report goes to standard error', async () => {
    const done = await surety.attempt('import', 'restic.env', '--stdout');
    assert.match(done.stdout, /^# Surety: imported/);
    assert.doesNotMatch(done.stdout, /read as/);
    assert.match(done.stderr, /read as restic/);
    const both = await surety.attempt('import', 'restic.env', '--stdout', '--output', 'x.yaml');
    assert.equal(both.code, 2);
    assert.equal(existsSync(join(folder, 'x.yaml')), false);
  });

  test('--json is one document with what was carried over and what was not, without secrets', async () => {
    const done = await surety.attempt('import', 'restic.env', '--stdout', '--json');
    const document = JSON.parse(done.stdout);
    assert.deepEqual([document.verb, document.outcome, document.format], ['import', 'warnings', 'restic']);
    assert.ok(document.carried.length + document.notCarried.length > 4);
    assert.deepEqual(
      document.notCarried.find(({ key }: { key: string }) => key === 'RESTIC_FOO'),
      {
        ...{ file: 'restic.env', line: 6, key: 'RESTIC_FOO', reason: 'Surety knows no such variable' },
        remedy: 'look up what it does, and whether you need it',
      },
    );
    assert.doesNotMatch(done.stdout + done.stderr, /secret-value/);
  });

  test('what can not be imported is said so, with code 2 and nothing written', async () => {
    writeFileSync(join(folder, 'picture'), Buffer.of(0x89, 0x50, 0x4e, 0x47, 0xff, 0x00));
    writeFileSync(join(folder, 'large'), Buffer.alloc(2 ** 20, 'a'));
    writeFileSync(join(folder, 'letter'), 'Dear reader\n');
    const cases = [
      ['picture', /picture is not a text file/],
      ['large', /large is too large for a configuration \(1 MiB\)/],
      ['letter', /letter is of no format that can be imported\n.*--from avalanche\|bandr\|restic\|borgmatic/],
      ['missing', /missing does not exist/],
      ['.', /\. can not be read/],
    ] as const;
    for (const [file, message] of cases) {
      const done = await surety.attempt('import', file, '--output', 'none.yaml');
      assert.equal(done.code, 2, done.stderr);
      assert.match(done.stderr, message);
    }
    const wrong = await surety.attempt('import', 'restic.env', '--from', 'tarsnap');
    assert.equal(wrong.code, 2);
    assert.equal(existsSync(join(folder, 'none.yaml')), false);
  });
});
