import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { endOf } from '../fixtures/child-end.ts';
import { type FaultProxy, startFaultProxy } from '../fixtures/fault-proxy.ts';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { childEnvironment, skipWithout } from '../fixtures/programs.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';
import { SURETY, type Surety, variablesIn } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { until } from '../fixtures/until.ts';

const PASSWORD = 'never in arguments';
const DUMP = `-- MySQL dump 10.13\n${'INSERT INTO mice;\n'.repeat(100)}-- Dump completed on 2026-11-20  2:00:00\n`;

interface Outcome {
  readonly runs: readonly {
    readonly members: readonly {
      readonly source: string;
      readonly outcome: string;
      readonly facts?: { readonly fingerprint?: { readonly tables: readonly { readonly checksum?: string }[] } };
      readonly error?: { readonly code: string; readonly message: string };
    }[];
  }[];
}

const needs = skipWithout(...SSH_PROGRAMS, 'pg_ctl', 'mariadbd', 'sqlite3');

describe('databases, commands and dumps on a host over SSH', { skip: needs }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-far-databases-'));
  /** Of the host. */
  const there = (...names: string[]) => join(folder, 'there', ...names);
  let ssh: SshServer;
  let line: FaultProxy;
  let postgres: PostgresServer;
  let mariadb: MariadbServer;
  let surety: Surety;

  before(async () => {
    for (const name of ['tmp', 'data', 'dumps']) mkdirSync(there(name), { recursive: true });
    [ssh, postgres, mariadb] = await Promise.all([
      startSshServer({ env: `TMPDIR=${there('tmp')} APP_PASSWORD="${PASSWORD}"` }),
      startPostgres({ password: PASSWORD }),
      startMariadb({ password: PASSWORD }),
    ]);
    line = await startFaultProxy(ssh.port);
    writeFileSync(there('password'), `${PASSWORD}\n`, { mode: 0o600 });
    const server = { host: 'main', type: 'postgres', server: '127.0.0.1', port: postgres.port, user: 'postgres' };
    const own = { ...server, bin: postgres.bin, password: { host_env: 'APP_PASSWORD' } };
    const hook = `printf '%s' "$SSH_CONNECTION" > ${there('hook')}`;
    const configuration = {
      hosts: {
        main: {
          ssh: `${ssh.user}@127.0.0.1:${line.port}`,
          ...{ identity_file: ssh.identityFile, known_hosts: ssh.knownHosts },
        },
      },
      sources: {
        shop: { ...own, database: 'shop' },
        parts: { ...own, database: 'parts', format: 'directory', jobs: 2, password: { env: 'DATABASE_PASSWORD' } },
        lab: {
          ...{ host: 'main', type: 'mysql', socket: mariadb.socket, user: 'root', database: 'lab' },
          password: { host_file: there('password') },
        },
        app: {
          ...{ host: 'main', type: 'service', stop: `touch ${there('stopped')}`, start: `rm ${there('stopped')}` },
          of: { type: 'sqlite', path: there('data', 'app.db') },
        },
        ledger: {
          ...{ host: 'main', type: 'command', env: { LEDGER: { env: 'DATABASE_PASSWORD' } } },
          backup: `printf '%s ' "$TMPDIR" "$LEDGER"; cat ${there('ledger')}`,
          restore: `cat > ${there('ledger')}`,
          hooks: { before: [hook] },
        },
        dumps: { host: 'main', type: 'dump-files', path: there('dumps') },
        late: { host: 'main', type: 'command', backup: 'printf begun; sleep 30; printf ended' },
        wrong: { ...own, database: 'shop', password: 'something else' },
        toolless: { ...own, database: 'shop', bin: there('nothing') },
        old: { ...own, database: 'shop', bin: there('old') },
      },
      repositories: { vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } } },
      jobs: {
        main: { sources: ['shop', 'parts', 'lab', 'app', 'ledger', 'dumps'], to: ['vault'] },
        late: { sources: ['late'], to: ['vault'] },
        shop: { sources: ['shop'], to: ['vault'] },
        app: { sources: ['app'], to: ['vault'] },
        failing: { sources: ['wrong', 'toolless', 'old'], to: ['vault'] },
      },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    surety = suretyHere(folder, { VAULT_PASSWORD: 'secret', DATABASE_PASSWORD: PASSWORD });
    await initCheaply(await openLocalStore({ path: join(folder, 'vault'), create: true }), 'secret');
    await fill();
  });

  after(async () => {
    await line?.[Symbol.asyncDispose]();
    for (const server of [ssh, postgres, mariadb]) await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function fill(): Promise<void> {
    const table = 'CREATE TABLE notes (id int PRIMARY KEY, text varchar(40))';
    for (const database of ['shop', 'parts']) {
      await postgres.sql(`CREATE DATABASE ${database}`);
      const rows = "INSERT INTO notes SELECT g, 'ä' || g FROM generate_series(1, 5000) g";
      await postgres.sql(`${table}; ${rows}; CREATE TABLE more AS SELECT * FROM notes`, database);
    }
    await mariadb.sql(`CREATE DATABASE lab; USE lab; ${table}; INSERT INTO notes SELECT seq, 'ä' FROM seq_1_to_5000`);
    using app = new DatabaseSync(there('data', 'app.db'));
    app.exec(`PRAGMA journal_mode = wal; ${table}; INSERT INTO notes VALUES (1, 'ä'), (2, 'b')`);
    writeFileSync(there('ledger'), 'ledger\n');
    writeFileSync(there('dumps', 'a.sql'), DUMP);
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(there('dumps', 'a.sql'), anHourAgo, anHourAgo);
  }

  async function backup(job: string): Promise<Outcome['runs'][number]['members']> {
    const { stdout, stderr } = await surety.attempt('backup', job, '--json');
    assert.doesNotMatch(stdout + stderr, new RegExp(PASSWORD));
    const [run] = (JSON.parse(stdout) as Partial<Outcome>).runs ?? [];
    assert.ok(run !== undefined, stdout + stderr);
    return run.members;
  }

  /** What is left of folders for a while, anywhere on the host. */
  const left = () => [
    ...readdirSync(there('tmp')),
    ...readdirSync(there('data')).filter((name) => name.startsWith('.')),
  ];

  test('each is backed up there, and comes back as it was', async () => {
    const seen = watchArguments();
    const members = await backup('main');
    assert.deepEqual(
      members.map(({ source, outcome, error }) => [source, outcome, error?.message]).sort(),
      ['app', 'dumps', 'lab', 'ledger', 'parts', 'shop'].map((source) => [source, 'ok', undefined]),
    );
    for (const { source, facts } of members) {
      const checksums = facts?.fingerprint?.tables.map(({ checksum }) => checksum);
      if (['app', 'lab', 'parts', 'shop'].includes(source))
        assert.ok(
          checksums?.every((one) => one !== undefined),
          source,
        );
    }
    assert.match(readFileSync(there('hook'), 'utf8'), /^127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+$/);
    assert.deepEqual(left(), []);

    for (const database of ['shop', 'parts']) await postgres.sql('DELETE FROM notes', database);
    await mariadb.sql('DELETE FROM lab.notes');
    for (const name of ['', '-wal', '-shm']) rmSync(there('data', `app.db${name}`), { force: true });
    writeFileSync(there('ledger'), 'lost');
    rmSync(there('dumps', 'a.sql'));
    for (const source of ['shop', 'parts', 'lab', 'app', 'ledger', 'dumps']) {
      const done = await surety.attempt('restore', 'latest', '--source', source, '--force');
      assert.equal(done.code, 0, `${source}: ${done.stdout}${done.stderr}`);
      if (!['ledger', 'dumps'].includes(source)) assert.match(done.stdout, /as recorded: /, source);
    }
    assert.deepEqual(seen(), [], 'no password is in the arguments of any process');
    for (const database of ['shop', 'parts']) {
      assert.equal(await postgres.sql('SELECT count(*), max(text) FROM notes', database), '5000|ä999');
    }
    assert.equal(await mariadb.sql('SELECT COUNT(*) FROM lab.notes'), '5000');
    using app = new DatabaseSync(there('data', 'app.db'), { readOnly: true });
    assert.deepEqual({ ...app.prepare('SELECT count(*) AS rows FROM notes').get() }, { rows: 2 });
    assert.equal(readFileSync(there('dumps', 'a.sql'), 'utf8'), DUMP);
    assert.equal(readFileSync(there('ledger'), 'utf8'), `${there('tmp')} ${PASSWORD} ledger\n`);
    assert.deepEqual(left(), []);
  });

  test('with a target the files come to this machine, and --as makes a database there', async () => {
    const target = join(folder, 'target');
    for (const source of ['shop', 'app', 'dumps']) {
      await surety.run('restore', 'latest', '--source', source, '--target', join(target, source));
    }
    const files = readdirSync(target, { recursive: true, encoding: 'utf8' });
    assert.ok(
      files.some((name) => /shop\/.*shop\.sql$/.test(name)),
      files.join(),
    );
    assert.ok(files.includes(`app${there('data', 'app.db')}`), files.join());
    assert.equal(readFileSync(join(target, 'dumps', there('dumps', 'a.sql')), 'utf8'), DUMP);
    await surety.run('restore', 'latest', '--source', 'shop', '--as', 'shop_beside');
    assert.equal(await postgres.sql('SELECT count(*) FROM notes', 'shop_beside'), '5000');
  });

  test('a restore in place leaves its safety dump on this machine', async () => {
    const done = await surety.run('restore', 'latest', '--source', 'lab', '--in-place', '--force');
    const state = join(folder, '.home', 'state');
    assert.match(done, /as recorded: /);
    const names = readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sql'));
    assert.equal(names.length, 1, names.join());
  });

  test('a wrong password, a missing program and an old one are told with their host and are no backup', async () => {
    mkdirSync(there('old'));
    const script = '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24"\n';
    writeFileSync(there('old', 'pg_dump'), script, { mode: 0o755 });
    writeFileSync(there('old', 'psql'), `#!/bin/sh\nexec ${postgres.bin}/psql "$@"\n`, { mode: 0o755 });
    const errors = new Map((await backup('failing')).map(({ source, error }) => [source, error]));
    assert.deepEqual([...errors.keys()].sort(), ['old', 'toolless', 'wrong']);
    assert.equal(errors.get('wrong')?.code, 'source.denied');
    assert.equal(errors.get('toolless')?.code, 'source.tool-missing');
    assert.equal(errors.get('old')?.code, 'source.tool-too-old');
    assert.match(
      errors.get('old')?.message ?? '',
      /version 9\.6\.24, but the server at 127\.0\.0\.1:\d+ is version 1\d/,
    );
  });

  test('a line that is cut in the middle of a dump makes no backup, and says so', async () => {
    const before = await snapshots('shop');
    await postgres.sql('CREATE TABLE large AS SELECT g, md5(g::text) FROM generate_series(1, 300000) g', 'shop');
    line.state.cutAfterAnswerBytes = 4_000_000;
    const [member] = await backup('shop').finally(() => {
      line.state.cutAfterAnswerBytes = undefined;
    });
    assert.equal(member?.outcome, 'failed');
    assert.equal(member?.error?.code, 'reach.unreachable', member?.error?.message);
    assert.match(member?.error?.message ?? '', /host main/);
    assert.equal(await snapshots('shop'), before);
    const [again] = await backup('shop');
    assert.equal(again?.outcome, 'ok', again?.error?.message);
  });

  test('what a host keeps for a while goes also when the line is cut', async () => {
    using app = new DatabaseSync(there('data', 'app.db'));
    app.exec(
      'CREATE TABLE large (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) INSERT INTO large SELECT randomblob(1000) FROM n',
    );
    app.close();
    line.state.cutAfterAnswerBytes = 1_000_000;
    const [member] = await backup('app').finally(() => {
      line.state.cutAfterAnswerBytes = undefined;
    });
    assert.equal(member?.outcome, 'failed');
    await until(() => left().length === 0, 'the folder on the host is gone');
  });

  test('what is killed here leaves nothing there, and the service is started by the next run', async () => {
    line.state.bytesPerSecond = 300_000;
    const env = childEnvironment({ ...variablesIn(folder), VAULT_PASSWORD: 'secret', DATABASE_PASSWORD: PASSWORD });
    const child = spawn(SURETY, ['backup', 'app'], { cwd: folder, env, stdio: 'ignore' });
    await until(() => left().length > 0, 'the copy is under way');
    child.kill('SIGKILL');
    assert.equal(await endOf(child), 137);
    line.state.bytesPerSecond = Number.POSITIVE_INFINITY;
    await until(() => left().length === 0, 'the folder on the host is gone');
    assert.ok(existsSync(there('stopped')));
    const { stderr } = await surety.attempt('backup', 'app');
    assert.match(stderr, /left stopped|started/);
    assert.ok(!existsSync(there('stopped')));
  });

  async function snapshots(source: string): Promise<number> {
    const listed = await surety.json<{ repositories: { snapshots: object[] }[] }>('list', '--source', source);
    return listed.repositories[0]?.snapshots.length ?? 0;
  }
});

/** Looks at all processes for the password until the result is asked for. */
function watchArguments(): () => string[] {
  const found = new Set<string>();
  const timer = setInterval(() => {
    for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`, 'utf8');
        if (line.includes(PASSWORD)) found.add(line);
      } catch {
        // It has ended.
      }
    }
  }, 100).unref();
  return () => {
    clearInterval(timer);
    return [...found];
  };
}
