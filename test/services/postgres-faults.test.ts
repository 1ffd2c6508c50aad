import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SuretyError } from '../../src/base/errors.ts';
import type { Held } from '../../src/sources/held.ts';
import type { SourceFacts, Warning } from '../../src/sources/source.ts';
import { mountSmallDisk } from '../faults/small-disk.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import { giveBack, postgresSource, take } from './postgres-sample.ts';

const PASSWORD = 'correct horse';

describe('a PostgreSQL database in trouble', { skip: skipWithout('pg_ctl') }, () => {
  let server: PostgresServer;
  const options = { database: 'shop' };
  const source = (more: Readonly<Record<string, unknown>> = {}, password: string | null = PASSWORD) =>
    postgresSource(server, { ...options, ...more }, password === null ? {} : { password });
  const databases = () => server.sql('SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1');

  before(async () => {
    server = await startPostgres({ password: PASSWORD });
    await server.sql('CREATE DATABASE shop');
    await server.sql(
      `CREATE TABLE a (id serial PRIMARY KEY, x text); INSERT INTO a (x) SELECT md5(g::text) FROM generate_series(1, 20000) g;
       CREATE TABLE b (id int REFERENCES a); INSERT INTO b SELECT generate_series(1, 500);
       CREATE TABLE secret (x int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY`,
      'shop',
    );
  });
  after(() => server?.[Symbol.asyncDispose]());

  async function failure(action: Promise<unknown>): Promise<SuretyError> {
    const error = await action.then(
      () => assert.fail('it did not fail'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof SuretyError, String(error));
    assert.ok(!JSON.stringify([error.message, error.hint, error.details]).includes(PASSWORD));
    return error;
  }

  const explained: readonly (readonly [
    what: string,
    options: Readonly<Record<string, unknown>>,
    password: string | null,
    code: string,
    message: RegExp,
    hint: RegExp,
  ])[] = [
    [
      'a wrong password',
      {},
      'wrong',
      'source.denied',
      /does not accept the password of postgres/,
      /check user and password/,
    ],
    ['no password', {}, null, 'source.denied', /wants a password and there is none/, /\.pgpass/],
    ['a role that is not there', { user: 'nobody' }, PASSWORD, 'source.denied', /password of nobody/, /check user/],
    [
      'a database that is not there',
      { database: 'shopp' },
      PASSWORD,
      'source.missing',
      /has no database shopp/,
      /did you mean shop/,
    ],
    [
      'one of several that is not there',
      { database: undefined, databases: ['shop', 'blog'] },
      PASSWORD,
      'source.missing',
      /has no database blog/,
      /there are: postgres, shop/,
    ],
    [
      'a database with an unseen character in its name',
      { database: 'blog\u001b[31m\u0085' },
      PASSWORD,
      'source.missing',
      /has no database blog\\x1b\[31m\\u0085$/,
      /there are: postgres, shop/,
    ],
    [
      'a template that every server has',
      { database: 'template1' },
      PASSWORD,
      'source.failed',
      /template1 is not backed up as a source/,
      /a database of your own/,
    ],
    [
      'a port where nothing is',
      { port: 1 },
      PASSWORD,
      'source.unreachable',
      /127\.0\.0\.1:1 refuses connections/,
      /PostgreSQL is running/,
    ],
    [
      'a host without a name',
      { server: 'nowhere.invalid' },
      PASSWORD,
      'source.unreachable',
      /nowhere\.invalid is not known/,
      /check server/,
    ],
    [
      'a socket that is not there',
      { server: undefined, socket: '/nowhere' },
      PASSWORD,
      'source.unreachable',
      /refuses connections/,
      /socket/,
    ],
    [
      'a program that is not installed',
      { bin: '/nowhere' },
      PASSWORD,
      'source.tool-missing',
      /\/nowhere\/pg_dump is not installed/,
      /postgresql-client/,
    ],
  ];
  for (const [what, wrong, password, code, message, hint] of explained) {
    test(`because of ${what} says so, and what to do`, async () => {
      const error = await failure(take(source(wrong, password)));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      assert.equal(error.retry, code === 'source.unreachable' ? 'later' : 'never');
    });
  }

  test('on a server that is newer than the client programs is refused before the dump', async () => {
    const bin = join(server.folder, 'old');
    mkdirSync(bin);
    for (const program of ['psql', 'pg_dump']) {
      const version =
        program === 'pg_dump'
          ? `case $1 in --version) echo "pg_dump (PostgreSQL) 13.4 (Debian 13.4-1)"; exit;; esac; touch ${bin}/dumped;`
          : '';
      writeFileSync(join(bin, program), `#!/bin/sh\n${version} exec ${server.bin}/${program} "$@"\n`);
      chmodSync(join(bin, program), 0o755);
    }
    const error = await failure(take(source({ bin })));
    assert.equal(error.code, 'source.tool-too-old');
    assert.match(error.message, /old\/pg_dump is version 13\.4, but the server at \S+ is version 15\.\d+$/);
    assert.match(error.hint ?? '', /postgresql-client-15/);
    await assert.rejects(expectSuccess(['test', '-e', join(bin, 'dumped')]));
  });

  test('takes its password from .pgpass, or from PGPASSWORD, where the configuration has none', async () => {
    const file = join(server.folder, 'pgpass');
    writeFileSync(file, `127.0.0.1:${server.port}:*:postgres:${PASSWORD}\n`, { mode: 0o600 });
    for (const [name, value] of [
      ['PGPASSFILE', file],
      ['PGPASSWORD', PASSWORD],
    ] as const) {
      process.env[name] = value;
      try {
        assert.equal(
          (await take(source({}, null))).facts.fingerprint?.tables.find(({ name }) => name === 'public.a')?.rows,
          20_000,
        );
      } finally {
        delete process.env[name];
      }
    }
    assert.equal((await failure(take(source({}, null)))).code, 'source.denied');
  });

  test('has its password in no argument of any program', async () => {
    const bin = join(server.folder, 'watched');
    const log = join(server.folder, 'arguments');
    mkdirSync(bin);
    for (const program of ['psql', 'pg_dump', 'pg_restore', 'vacuumlo']) {
      writeFileSync(join(bin, program), `#!/bin/sh\necho "$0 $*" >> ${log}\nexec ${server.bin}/${program} "$@"\n`);
      chmodSync(join(bin, program), 0o755);
    }
    await server.sql(
      `CREATE TABLE picture (image oid); INSERT INTO picture VALUES (lo_from_bytea(0, 'kept'));
      SELECT lo_from_bytea(0, 'orphan')`,
      'shop',
    );
    const watched = source({ bin, format: 'custom', vacuumlo: true });
    const held = await take(watched);
    assert.equal(held.facts.fingerprint?.objects?.find(({ kind }) => kind === 'large-object')?.value, '1');
    await giveBack(watched, held, { dropOld: true });
    const seen = readFileSync(log, 'utf8');
    assert.ok(!seen.includes(PASSWORD) && !seen.includes('correct'), seen);
    for (const program of ['psql', 'pg_dump', 'pg_restore', 'vacuumlo'])
      assert.match(seen, new RegExp(`${program} .*--no-password`));
    await server.sql('DROP TABLE picture; SELECT lo_unlink(oid) FROM pg_largeobject_metadata', 'shop');
  });

  for (const format of ['custom', 'directory'] as const) {
    test(`is filled from a dump in format ${format} up to the first error, and nothing is left of it`, async () => {
      await server.sql('CREATE DATABASE granted');
      await server.sql('CREATE ROLE first; CREATE ROLE second');
      await server.sql('CREATE TABLE t1 (); GRANT SELECT ON t1 TO first, second', 'granted');
      await server.sql('CREATE TABLE t2 (); GRANT SELECT ON t2 TO second', 'granted');
      const held = await take(source({ database: 'granted', format }));
      await server.sql('DROP OWNED BY first, second; DROP ROLE first, second', 'granted');
      const [bin, log] = [join(server.folder, `first-error-${format}`), join(server.folder, `said-${format}`)];
      mkdirSync(bin);
      for (const program of ['psql', 'pg_dump', 'pg_restore', 'vacuumlo']) {
        const said = program === 'pg_restore' ? ` 2> ${log}; code=$?; cat ${log} >&2; exit $code` : '';
        writeFileSync(join(bin, program), `#!/bin/sh\n${join(server.bin, program)} "$@"${said}\n`);
        chmodSync(join(bin, program), 0o755);
      }
      await failure(giveBack(source({ database: 'granted', format, bin }), held));
      const words = readFileSync(log, 'utf8');
      assert.equal(words.match(/ERROR: /g)?.length, 1, words);
      assert.doesNotMatch(words, /errors ignored/);
      assert.equal(await databases(), 'granted\npostgres\nshop');
      await server.sql('DROP DATABASE granted');
    });
  }

  test('that its role may not read whole is not backed up in part', async () => {
    await server.sql(`CREATE ROLE clerk LOGIN PASSWORD '${PASSWORD}'`);
    await server.sql('GRANT SELECT ON a, secret TO clerk; GRANT SELECT ON SEQUENCE a_id_seq TO clerk', 'shop');
    const denied = await failure(take(source({ user: 'clerk', tables: ['a', 'b'] })));
    assert.equal(denied.code, 'source.denied', denied.message);
    assert.match(denied.message, /permission denied for table b/);
    assert.match(denied.hint ?? '', /pg_read_all_data/);
    const hidden = await failure(take(source({ user: 'clerk', tables: ['secret'] })));
    assert.equal(hidden.code, 'source.denied');
    assert.match(hidden.message, /row security would hide rows of table secret/);
  });

  test('with a table that somebody has locked fails after the lock time-out', async () => {
    const locking = server.sql('BEGIN; LOCK TABLE a; SELECT pg_sleep(3)', 'shop').catch(() => {});
    await waitFor(
      async () => (await server.sql(`SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'`)) !== '0',
    );
    const error = await failure(take(source({ lock_timeout: '200ms' })));
    await server.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%' AND pid <> pg_backend_pid()`,
    );
    await locking;
    assert.deepEqual([error.code, error.retry], ['source.locked', 'later'], error.message);
  });

  test('is one state, as recorded, while others write to it', async () => {
    const stop = new AbortController();
    const writing = (async () => {
      while (!stop.signal.aborted) {
        await server.sql(
          `INSERT INTO a (x) SELECT md5(random()::text) FROM generate_series(1, 50);
          UPDATE a SET x = x || '.' WHERE id % 97 = 0; DELETE FROM a WHERE id > 20000 AND id % 3 = 0`,
          'shop',
        );
      }
    })();
    try {
      for (const format of ['plain', 'custom']) {
        const reader = source({ format });
        const held = await take(reader);
        const report = await giveBack(reader, held, { as: `copy_${format}` });
        assert.ok(
          report.checks.every(({ ok }) => ok),
          JSON.stringify(report.checks),
        );
        const sequence = held.facts.fingerprint?.objects?.find(({ kind }) => kind === 'sequence');
        assert.match(sequence?.value ?? '', /^\d+(\.\.\d+)?$/);
      }
    } finally {
      stop.abort();
      await writing;
    }
    await server.sql('DROP DATABASE copy_plain');
    await server.sql('DROP DATABASE copy_custom');
  });

  test('whose restored copy is not what was recorded is not swapped in', async () => {
    const held = await take(source());
    const before = await databases();
    const text = Buffer.from(held.contents.get('shop.sql') ?? []).toString('utf8');
    const changed = text.replace(/^1\tc4ca4238a0b923820dcc509a6f75849b$/m, '1\tc4ca4238a0b923820dcc509a6f75849c');
    assert.notEqual(changed, text);
    const contents = new Map([['shop.sql', Buffer.from(changed)]]);
    const error = await failure(giveBack(source(), { ...held, contents }));
    assert.equal(error.code, 'target.failed');
    assert.match(error.message, /differs from what was recorded: table public\.a has other contents/);
    assert.equal(await databases(), before);
  });

  for (const format of ['plain', 'custom', 'directory'] as const) {
    test(`does not come back from a dump in format ${format} that was cut anywhere, and stays as it is`, async () => {
      const held = await take(source({ format, ...(format === 'plain' ? {} : { tables: ['b'] }) }));
      const before = await databases();
      for (const contents of cuts(held)) {
        const error = await failure(giveBack(source(), { ...held, contents }));
        assert.ok(
          ['source.incomplete', 'target.failed', 'source.failed'].includes(error.code),
          `${error.code}: ${error.message}`,
        );
        assert.equal(await databases(), before);
      }
      assert.equal(await server.sql('SELECT count(*) FROM b', 'shop'), '500');
    });
  }

  /** Contents that end early: at nothing, in the header, in the middle, right before and in the last line. */
  function cuts({ contents }: Held): Map<string, Uint8Array>[] {
    const [name = '', bytes = Buffer.of()] = [...contents].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
    const places = [0, 30, Math.floor(bytes.length / 2), bytes.length - 100].filter(
      (at) => at < bytes.length && at >= 0,
    );
    return places.map((at) => new Map([...contents, [name, bytes.subarray(0, at)]]));
  }

  test('is swapped under the eyes of whoever is connected, who is thrown out', async () => {
    const held = await take(source());
    const clients = [1, 2, 3].map(() => server.sql('SELECT pg_sleep(60)', 'shop').catch((error) => String(error)));
    await waitFor(
      async () => (await server.sql(`SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop'`)) === '3',
    );
    const report = await giveBack(source(), held, { dropOld: true });
    assert.deepEqual(
      report.checks.map(({ ok }) => ok),
      [true, true],
    );
    for (const said of await Promise.all(clients)) assert.match(String(said), /terminating connection/);
    assert.equal(await server.sql('SELECT count(*) FROM b', 'shop'), '500');
  });

  test('that can not be swapped keeps its name, and nothing is left of the restore', async () => {
    await server.sql(`CREATE ROLE owner LOGIN CREATEDB PASSWORD '${PASSWORD}'; CREATE DATABASE mine OWNER owner`);
    await server.sql('CREATE TABLE t (x int); ALTER TABLE t OWNER TO owner; INSERT INTO t VALUES (1)', 'mine');
    const mine = postgresSource(server, { database: 'mine', user: 'owner', no_owner: true }, { password: PASSWORD });
    const held = await take(mine);
    const before = await databases();
    const client = server.sql('SELECT pg_sleep(60)', 'mine').catch(() => {});
    await waitFor(
      async () => (await server.sql(`SELECT count(*) FROM pg_stat_activity WHERE datname = 'mine'`)) === '1',
    );
    const error = await failure(giveBack(mine, held));
    assert.equal(error.code, 'target.denied', error.message);
    assert.equal(await databases(), before);
    await server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mine'`);
    await client;
    const report = await giveBack(mine, held, { dropOld: true });
    assert.ok(report.checks.every(({ ok }) => ok));
  });

  test('by a role that may not create databases is refused before anything is read, also in a dry run', async () => {
    await server.sql(`CREATE ROLE tenant LOGIN PASSWORD '${PASSWORD}'; CREATE DATABASE rented OWNER tenant`);
    await server.sql('CREATE TABLE t (x int); ALTER TABLE t OWNER TO tenant; INSERT INTO t VALUES (1)', 'rented');
    const rented = postgresSource(server, { database: 'rented', user: 'tenant' }, { password: PASSWORD });
    const held = await take(rented);
    const before = await databases();
    for (const dryRun of [true, false]) {
      const error = await failure(giveBack(rented, held, {}, { dryRun }));
      assert.equal(error.code, 'target.denied', error.message);
      assert.match(error.message, /tenant may not create databases/);
      assert.match(error.hint ?? '', /ALTER ROLE "?tenant"? CREATEDB.*--in-place/);
    }
    assert.equal(await databases(), before);
    assert.deepEqual((await giveBack(rented, held, { inPlace: true }, { dryRun: true })).files, 1);
  });

  test('that was emptied is not backed up, and one that shrank a lot is warned about', async () => {
    const held = await take(source());
    const previous = JSON.parse(JSON.stringify(held.facts)) as SourceFacts;
    await server.sql('DELETE FROM a WHERE id > 5000 AND id NOT IN (SELECT id FROM b)', 'shop');
    const warnings: readonly Warning[] = (await take(source(), { previous })).warnings;
    assert.deepEqual(
      warnings.map(({ code, path }) => [code, path]),
      [['source.shrunk', 'shop.sql']],
    );
    await server.sql('TRUNCATE a, b', 'shop');
    const error = await failure(take(source(), { previous }));
    assert.equal(error.code, 'source.empty');
    await giveBack(source(), held, { dropOld: true });
  });

  test('that is stopped in the middle does not count', async () => {
    const reason = new Error('stopped');
    const stop = new AbortController();
    await using reading = await source().read({ signal: stop.signal, warn: () => {} });
    for await (const entries of reading.entries()) {
      for await (const content of reading.content(entries, { signal: stop.signal })) {
        assert.ok(content.kind === 'stream');
        stop.abort(reason);
        await assert.rejects(async () => {
          for await (const _ of content.chunks);
        }, reason);
      }
    }
    await assert.rejects(reading.finish(), { code: 'source.incomplete' });
    assert.equal(
      await server.sql(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'surety' AND state <> 'idle'`),
      '0',
    );
  });

  test('whose server dies during the dump does not count', async () => {
    await server.sql('CREATE TABLE big AS SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 30000) g', 'shop');
    await using reading = await source().read({ signal: new AbortController().signal, warn: () => {} });
    for await (const entries of reading.entries()) {
      for await (const content of reading.content(entries, { signal: new AbortController().signal })) {
        assert.ok(content.kind === 'stream');
        const error = await failure(
          (async () => {
            let stopped = false;
            for await (const _ of content.chunks) {
              if (!stopped) await server.stop('immediate');
              stopped = true;
            }
          })(),
        );
        assert.deepEqual([error.code, error.retry], ['source.unreachable', 'later']);
      }
    }
    await assert.rejects(reading.finish(), { code: 'source.incomplete' });
    await server.start();
    await server.sql('DROP TABLE big', 'shop');
  });

  test('does not come back where the disk is full, and what was there stays', {
    skip: skipUnlessRoot() || skipWithout('mount'),
  }, async () => {
    await server.sql('CREATE TABLE big AS SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 10000) g', 'shop');
    const held = await take(source());
    await using disk = await mountSmallDisk('size=12m');
    await expectSuccess(['chown', 'postgres', disk.path]);
    await server.sql(`CREATE TABLESPACE small LOCATION '${disk.path}'`);
    const facts = JSON.parse(JSON.stringify(held.facts).replaceAll('pg_default', 'small')) as SourceFacts;
    const before = await databases();
    const error = await failure(giveBack(source(), { ...held, facts }));
    assert.equal(error.code, 'target.full');
    assert.match(error.message, /the disk of the server at .* is full/);
    assert.equal(await databases(), before);
    assert.equal(await server.sql('SELECT count(*) FROM b', 'shop'), '500');
    await server.sql('DROP TABLESPACE small');
  });
});

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail('it did not come to that');
}
