import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommandLine } from '../../src/cli/main.ts';
import { mountSmallDisk } from '../faults/small-disk.ts';
import { memoryTerminal } from '../fixtures/memory-terminal.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'troubleshooting.md'), 'utf8');
const PASSWORD = 'correct horse';

/** What is said, what the hint says, and how the page on troubleshooting names it. */
type Told = readonly [cause: RegExp, remedy: RegExp, documented: string];

describe('what goes wrong with a platform is told with cause and remedy, and documented', {
  skip: skipWithout('pg_ctl'),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-trouble-'));
  const path = (...names: string[]) => join(folder, ...names);
  let server: PostgresServer;
  let good: Record<'sources' | 'repositories' | 'jobs', Record<string, object>>;

  before(async () => {
    server = await startPostgres({ password: PASSWORD });
    await server.sql('CREATE DATABASE avalanche_edna');
    await server.sql(
      'CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users SELECT generate_series(1, 9000);',
      'avalanche_edna',
    );
    mkdirSync(path('data', 'datasets'), { recursive: true });
    writeFileSync(path('data', 'datasets', 'reads'), Buffer.alloc(300_000, 'reads of '));
    process.env.XDG_STATE_HOME = path('state');
    process.env.DB_PASSWORD = PASSWORD;
    delete process.env.NOT_SET;
    const where = { server: '127.0.0.1', port: server.port, user: 'postgres', password: { env: 'DB_PASSWORD' } };
    good = {
      sources: {
        database: { type: 'postgres', database: 'avalanche_edna', clean: true, ...where },
        files: { type: 'files', paths: ['data/datasets'] },
      },
      repositories: { plain: { type: 'archive', store: 'file:backups' } },
      jobs: { full: { sources: ['database', 'files'], to: ['plain'] } },
    };
    await surety({}, 'init');
    const done = await surety({}, 'backup');
    assert.equal(done.exitCode, 0, done.all);
  });
  after(async () => {
    delete process.env.DB_PASSWORD;
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** With other options of the database source, or another repository. */
  async function surety(
    other: { readonly database?: object; readonly files?: object; readonly plain?: object },
    ...argv: string[]
  ) {
    const { sources, repositories, jobs } = good;
    const configuration = {
      sources: {
        database: { ...sources.database, ...other.database },
        files: { ...sources.files, ...other.files },
      },
      repositories: { plain: { ...repositories.plain, ...other.plain } },
      jobs,
    };
    writeFileSync(path('surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    const terminal = memoryTerminal({});
    const more = ['--config', path('surety.yaml'), '--no-progress'];
    const exitCode = await runCommandLine([...argv, ...more], terminal, new AbortController().signal);
    return { exitCode, all: terminal.outText + terminal.errText };
  }

  function expectTold({ exitCode, all }: { readonly exitCode: number; readonly all: string }, told: Told): void {
    const [cause, remedy, documented] = told;
    assert.equal(exitCode, 1, all);
    assert.match(all, cause);
    assert.match(all, new RegExp(`hint: .*${remedy.source}`));
    assert.ok(PAGE.includes(documented), `the page does not have: ${documented}`);
    assert.ok(!all.includes(PASSWORD), 'the password is in it');
  }

  const ENDINGS = { database: 'sql.gz', files: 'tar.gz' } as const;
  const stored = (kind: keyof typeof ENDINGS) =>
    globSync(`${kind}/*.${ENDINGS[kind]}`, { cwd: path('backups') }).sort();
  const newest = (kind: keyof typeof ENDINGS) => path('backups', stored(kind).at(-1) ?? '');
  const idOf = (file: string) => basename(file).replace(/\.(sql|tar)\.gz$/, '');
  const countUsers = (database = 'avalanche_edna') => server.sql('SELECT count(*) FROM users', database);

  const connections: readonly (readonly [what: string, database: object, told: Told])[] = [
    [
      'nothing listens at the port',
      { port: 1 },
      [/127\.0\.0\.1:1 refuses connections/, /check that PostgreSQL is running/, '`refuses connections`'],
    ],
    [
      'the name of the server is wrong',
      { server: 'nowhere.invalid' },
      [/is not known/, /check server/, '`is not known`'],
    ],
    [
      'the password is wrong',
      { password: 'slip' },
      [/does not accept the password of postgres/, /check user and password/, '`does not accept the password`'],
    ],
    [
      'the variable with the password is not set',
      { password: { env: 'NOT_SET' } },
      [/the variable NOT_SET .* is not set/, /set NOT_SET/, '`config.secret-missing`'],
    ],
    [
      'the name of the database has a slip',
      { database: 'avalanche_edn' },
      [/has no database avalanche_edn/, /did you mean avalanche_edna/, '`has no database …`'],
    ],
    [
      'the client is not installed',
      { bin: '/nowhere' },
      [/pg_dump is not installed/, /postgresql-client/, '`source.tool-missing`'],
    ],
  ];
  for (const [what, database, told] of connections) {
    test(`no backup of the database, because ${what}: the files are backed up all the same`, async () => {
      const [dumps, trees] = [stored('database'), stored('files')];
      expectTold(await surety({ database }, 'backup'), told);
      assert.deepEqual(stored('database'), dumps);
      assert.equal(stored('files').length, trees.length + 1);
      const listed = await surety({}, 'list', '--status', 'failed', '--last', '1', '--json');
      assert.match(listed.all.replaceAll(/\s+/g, ' '), told[0]);
      const checked = await surety({ database }, 'check');
      assert.equal(checked.exitCode, 1);
      assert.match(checked.all, told[0]);
    });
  }

  test('no backup, because the disk of the repository is full: what is needed and what to do', {
    skip: skipUnlessRoot() || skipWithout('mount'),
  }, async () => {
    await using disk = await mountSmallDisk('size=100k');
    const plain = { store: `file:${join(disk.path, 'backups')}` };
    await surety({ plain }, 'init');
    const noise = path('data', 'datasets', 'noise');
    await expectSuccess(['sh', '-c', `head -c 200000 /dev/urandom > ${noise}`]);
    const full: Told = [
      /the disk is full/,
      /make room there, or run surety cleanup: .* are free/,
      '`the disk is full`',
    ];
    expectTold(await surety({ plain }, 'backup', '--source', 'files'), full);
    assert.deepEqual(globSync('files/*.gz', { cwd: join(disk.path, 'backups') }), []);
    rmSync(noise);
    assert.equal((await surety({ plain }, 'backup', '--source', 'database')).exitCode, 0);
    await expectSuccess(['sh', '-c', `head -c 50000 /dev/zero > ${join(disk.path, 'other')}`]);
    const refused = await surety({ plain }, 'backup', '--source', 'database');
    const estimated: Told = [
      /needs about [\d.]+ KiB, as the last one did, and .* has .* free/,
      /surety cleanup/,
      '`needs about …',
    ];
    expectTold(refused, estimated);
    const target = join(disk.path, 'restored');
    const restored = await surety({}, 'restore', idOf(newest('files')), '--target', target);
    expectTold(restored, [
      /the restore needs .* and .* are free there/,
      /restore to another disk/,
      '`the restore needs … and … are free there`',
    ]);
    assert.ok(!existsSync(target));
  });

  test('no backup and no restore, because the folder for temporary files is full or missing', {
    skip: skipUnlessRoot() || skipWithout('mount'),
  }, async () => {
    const before = process.env.TMPDIR;
    await using disk = await mountSmallDisk('size=16k');
    const database = { format: 'directory', clean: false };
    const backUp = () => surety({ database }, 'backup', '--source', 'database');
    const restore = () => surety({ database }, 'restore', 'latest', '--source', 'database', '--as', 'scratch');
    const documented = '`the folder for temporary files … is full`';
    try {
      process.env.TMPDIR = disk.path;
      expectTold(await backUp(), [/the folder for temporary files.* is full/, /set TMPDIR/, documented]);
      process.env.TMPDIR = join(disk.path, 'missing');
      const missing: Told = [/the folder for temporary files, .* can not be used/, /set TMPDIR/, documented];
      expectTold(await backUp(), missing);
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      assert.equal((await backUp()).exitCode, 0);
      process.env.TMPDIR = disk.path;
      expectTold(await restore(), [/the folder for temporary files, .*, is full/, /set TMPDIR/, documented]);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
    assert.deepEqual(readdirSync(disk.path), []);
    assert.equal(await server.sql("SELECT count(*) FROM pg_database WHERE datname = 'scratch'"), '0');
  });

  test('no restore, because the file of the backup is missing, or is damaged: nothing is touched', async () => {
    for (const kind of ['database', 'files'] as const) {
      const file = newest(kind);
      const id = idOf(file);
      cpSync(file, path('kept'), { preserveTimestamps: true });
      rmSync(path('data', 'datasets', 'reads'), { force: true });
      rmSync(file);
      const missing: Told = [/can not be read: .* is missing/, /put the file back from a copy/, '`can not be read: …`'];
      expectTold(await surety({}, 'restore', id, '--force'), missing);
      assert.match((await surety({}, 'verify', id)).all, new RegExp(`1 bad snapshot:\n  ${id}\n`));
      cpSync(path('kept'), file, { preserveTimestamps: true });
      truncateSync(file, 1000);
      const damaged: Told = [/is damaged: it has 1000 bytes instead of \d+/, /restore another backup/, '`is damaged`'];
      expectTold(await surety({}, 'restore', id, '--force'), damaged);
      assert.match((await surety({}, 'verify', '--days', '7')).all, new RegExp(`1 bad snapshot:\n  ${id}\n`));
      assert.equal(await countUsers(), '9000');
      assert.ok(!existsSync(path('data', 'datasets', 'reads')));
      rmSync(file);
      cpSync(path('kept'), file, { preserveTimestamps: true });
      const before = globSync('**/*.*', { cwd: path('backups') });
      assert.equal((await surety({}, 'verify', id, '--read-data')).exitCode, 0);
      const again = await surety({}, 'restore', id, '--force');
      assert.notEqual(again.exitCode, 1, again.all);
      assert.deepEqual(globSync('**/*.*', { cwd: path('backups') }), before, 'nothing is left beside the backups');
    }
    assert.ok(existsSync(path('data', 'datasets', 'reads')));
  });

  test('no restore on a new server, because the owner is not there: who it is, and what to do', async () => {
    await server.sql('CREATE ROLE avalanche; CREATE DATABASE theirs OWNER avalanche');
    const database = { database: 'theirs' };
    const done = await surety({ database }, 'backup', '--source', 'database');
    // It is so much smaller than the one before.
    assert.equal(done.exitCode, 3, done.all);
    await server.sql('DROP DATABASE theirs');
    await server.sql('DROP ROLE avalanche');
    const told: Told = [
      /there is no role avalanche/,
      /create it/,
      '`there is no role …, which is to own the database`',
    ];
    expectTold(await surety({ database }, 'restore', 'latest', '--source', 'database', '--force'), told);
    rmSync(newest('database').replace('.sql.gz', '_metadata.json'));
    rmSync(newest('database'));
  });

  test('by hand, a dump with `clean` goes into a database that is full and into one that is empty', async () => {
    await server.sql('CREATE DATABASE avalanche_test');
    await server.sql('INSERT INTO users VALUES (0)', 'avalanche_edna');
    for (const database of ['avalanche_edna', 'avalanche_test']) {
      const script = `gunzip -c "${newest('database')}" | psql -q -v ON_ERROR_STOP=1 -d ${database} -o /dev/null`;
      await expectSuccess(['sh', '-c', script], { env: server.env });
      assert.equal(await countUsers(database), '9000');
    }
  });
});
