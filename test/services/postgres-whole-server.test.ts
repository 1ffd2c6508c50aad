import assert from 'node:assert/strict';
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SourceFacts } from '../../src/sources/source.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { giveBack, observe, postgresSource, SAMPLE, take } from './postgres-sample.ts';

const ODD = ['a/b', 'a%2Fb', 'dbname=x', 'globals', 'Größe "1" \'é\'', '--help'];

describe('a whole PostgreSQL server', { skip: skipWithout('pg_ctl') }, () => {
  let server: PostgresServer;
  let other: PostgresServer;
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

  before(async () => {
    [server, other] = await Promise.all([startPostgres(), startPostgres()]);
    const space = join(server.folder, 'space');
    await makeFolder(space, server);
    await server.sql(`CREATE ROLE "odd ""role" LOGIN PASSWORD 'secret'; CREATE ROLE readers; GRANT readers TO "odd ""role" WITH ADMIN OPTION;
      ALTER ROLE "odd ""role" SET statement_timeout = '1h'; CREATE TABLESPACE spacious OWNER readers LOCATION '${space}'`);
    for (const name of ODD) await server.sql(`CREATE DATABASE ${quoted(name)} OWNER "odd ""role"`);
    await server.sql('CREATE TABLE t (x int); INSERT INTO t SELECT generate_series(1, 3)', 'a/b');
    await server.sql('CREATE TABLE t (x int); INSERT INTO t SELECT generate_series(1, 2)', 'a%2Fb');
    await server.sql('CREATE DATABASE pattern IS_TEMPLATE true');
    await server.sql('CREATE TABLE shape (x int); INSERT INTO shape VALUES (7)', 'pattern');
    await server.sql('CREATE TABLE kept (x int); INSERT INTO kept VALUES (1)', 'postgres');
    await server.sql(
      `CREATE DATABASE shop TABLESPACE spacious TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    await server.sql(SAMPLE.replaceAll('Größe', 'Maß'), 'shop');
    await server.sql('GRANT SELECT ON ALL TABLES IN SCHEMA public TO readers', 'shop');
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
  });

  /** A place for a tablespace, which has to be at the same path wherever it is restored. */
  async function makeFolder(path: string, { folder }: PostgresServer): Promise<void> {
    mkdirSync(path, { recursive: true });
    if (process.getuid?.() === 0) chownSync(path, statSync(folder).uid, statSync(folder).gid);
  }

  const list = (from: PostgresServer) =>
    from.sql(`SELECT datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, spcname FROM pg_database d
      JOIN pg_tablespace s ON s.oid = dattablespace WHERE NOT datistemplate AND datname !~ '_before_' ORDER BY 1`);
  const roles = (from: PostgresServer) =>
    from.sql(`SELECT rolname, rolcanlogin, rolpassword, setconfig FROM pg_authid a LEFT JOIN pg_db_role_setting ON setrole = a.oid AND setdatabase = 0
      WHERE rolname !~ '^pg_' ORDER BY 1;
      SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members WHERE roleid > 16000`);

  test('comes back on another server: roles, grants, tablespaces, and databases with every kind of name', async () => {
    const held = await take(postgresSource(server, { databases: 'all' }));
    assert.deepEqual(held.warnings, []);
    const names = held.entries.map(({ path }) => path);
    assert.equal(names.length, ODD.length + 4);
    assert.ok(
      names.includes('a%2Fb.sql') && names.includes('globals.sql') && names.includes('%67lobals.sql'),
      names.join(),
    );
    assert.ok(!Buffer.concat([...held.contents.values()]).includes('secret'));
    const recorded = held.facts.fingerprint?.objects?.filter(({ kind }) => kind === 'role').map(({ name }) => name);
    assert.deepEqual(recorded, ['odd "role', 'postgres', 'readers']);
    // Of the tablespace there can be only one on this machine, so the other server gets one of that name elsewhere.
    const space = join(other.folder, 'space');
    await makeFolder(space, other);
    await other.sql(`CREATE ROLE readers; CREATE TABLESPACE spacious LOCATION '${space}'`);
    const report = await giveBack(postgresSource(other, { databases: 'all' }), held);
    assert.deepEqual(report.failed, []);
    assert.ok(
      report.checks.every(({ ok }) => ok),
      JSON.stringify(report.checks),
    );
    assert.equal(report.checks.filter(({ what }) => what.startsWith('fingerprint')).length, ODD.length + 3);
    assert.equal(await list(other), await list(server));
    assert.equal(await roles(other), await roles(server));
    assert.deepEqual(await observe(other, 'shop'), await observe(server, 'shop'));
    assert.equal(await other.sql('SELECT * FROM kept'), '1');
    assert.equal(await other.sql('SELECT count(*) FROM t', 'a%2Fb'), '2');
    // A template is a database like others, and stays one.
    assert.equal(await other.sql('SELECT x FROM shape', 'pattern'), '7');
    assert.equal(await other.sql(`SELECT datistemplate FROM pg_database WHERE datname = 'pattern'`), 't');
    assert.equal(report.files, names.length);
  });

  test('comes back once more over what is there: existing roles are no error', async () => {
    const held = await take(postgresSource(server, { databases: ['a/b', 'pattern', 'shop'], globals: true }));
    const { warnings, ...facts } = held;
    const report = await giveBack(postgresSource(other, { databases: ['a/b', 'pattern', 'shop'] }), facts, {
      dropOld: true,
    });
    assert.deepEqual([report.failed, warnings], [[], []]);
    assert.ok(report.checks.some(({ what, ok }) => what === 'roles' && ok));
    assert.equal(await list(other), await list(server));
  });

  test('goes on with the other databases when one can not be restored', async () => {
    const held = await take(postgresSource(server, { databases: ['a/b', 'shop'] }));
    const contents = new Map(held.contents).set(
      'a%2Fb.sql',
      held.contents.get('a%2Fb.sql')?.subarray(0, -200) ?? Buffer.of(),
    );
    const warnings: string[] = [];
    const how = { warn: ({ message }: { message: string }) => void warnings.push(message) };
    const report = await giveBack(
      postgresSource(other, { databases: 'all' }),
      { ...held, contents },
      { dropOld: true },
      how,
    );
    assert.deepEqual(
      report.failed.map(({ path }) => path),
      ['a%2Fb.sql'],
    );
    assert.match(warnings.join(), /the dump is cut off: it lacks its last line/);
    assert.equal(await other.sql('SELECT count(*) FROM t', 'a/b'), '3');
    assert.deepEqual(
      report.checks.filter(({ what }) => what === 'fingerprint of shop').map(({ ok }) => ok),
      [true],
    );
    assert.equal(await list(other), await list(server));
  });

  test('can be one stream of pg_dumpall, which goes into a new server', async () => {
    await server.sql(`DROP DATABASE ${quoted('dbname=x')}`);
    const held = await take(postgresSource(server, { databases: 'all', format: 'dumpall' }));
    assert.deepEqual(
      held.entries.map(({ path }) => path),
      ['dumpall.sql'],
    );
    const source = postgresSource(other, { databases: 'all', format: 'dumpall' });
    await assert.rejects(giveBack(source, held), { code: 'target.exists', message: /are there already: .*a\/b/ });
    await other.sql('ALTER DATABASE pattern IS_TEMPLATE false');
    const names = (
      await other.sql(`SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'`)
    ).split('\n');
    for (const name of names) await other.sql(`DROP DATABASE ${quoted(name)}`);
    await other.sql(`DROP TABLE kept`);
    const report = await giveBack(source, held);
    assert.deepEqual(report.checks, [
      // The odd ones but the one that was dropped, and `shop`, `pattern` and `postgres`.
      { what: 'databases', ok: true, detail: `${ODD.length + 2} of ${ODD.length + 2} are there` },
    ]);
    assert.equal(await list(other), await list(server));
    assert.deepEqual(await observe(other, 'shop'), await observe(server, 'shop'));
  });

  test('is warned about when a database of it is gone', async () => {
    const before = await take(postgresSource(server, { databases: 'all' }));
    await server.sql(`DROP DATABASE ${quoted('--help')}`);
    const previous = JSON.parse(JSON.stringify(before.facts)) as SourceFacts;
    const { warnings } = await take(postgresSource(server, { databases: 'all' }), { previous });
    assert.deepEqual(warnings, [
      { code: 'source.shrunk', path: '--help.sql', message: 'database --help is not there any more' },
    ]);
  });

  test('has no passwords of roles in it where the role may not read them, and says so', async () => {
    await server.sql(
      'CREATE ROLE dumper LOGIN; GRANT pg_read_all_data TO dumper; REVOKE CONNECT ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO dumper',
    );
    const source = postgresSource(server, { databases: ['a/b'], globals: true, user: 'dumper' });
    const held = await take(source);
    assert.match(String(held.facts.notes), /passwords of roles are not in the backup/);
    assert.ok(!Buffer.from(held.contents.get('globals.sql') ?? []).includes('PASSWORD'));
  });
});
