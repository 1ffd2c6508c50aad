import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Held } from '../../src/sources/held.ts';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { until } from '../fixtures/until.ts';
import {
  assertClean,
  databasesOf,
  dropAll,
  makeSample,
  makeSmall,
  ODD_NAME,
  observe,
  openSource,
  restore,
  SWAP,
  take,
  temporaryFolder,
} from './mysql-sample.ts';

let server: MariadbServer;

describe('databases of MariaDB are restored', { skip: skipWithout('mariadbd', 'mariadb-dump') }, () => {
  before(async () => {
    server = await startMariadb();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
  });

  test('a database of an odd name comes back with all its contents and code, and the old one is kept beside it', async () => {
    await dropAll(server);
    await makeSample(server, ODD_NAME);
    const source = openSource(server, { database: ODD_NAME });
    const original = await observe(server, ODD_NAME);
    const held = await take(source);
    await server.sql("INSERT INTO parent VALUES (3, 'new'); DELETE FROM kinds", ODD_NAME);
    const changed = await observe(server, ODD_NAME);
    const report = await restore(source, held);
    assertClean(report);
    assert.deepEqual(await observe(server, ODD_NAME), original);
    const names = await databasesOf(server);
    assert.equal(names.length, 2);
    const kept = names.find((name) => name.startsWith(`${ODD_NAME}_before_`))!;
    assert.deepEqual(await observe(server, kept), changed);
    assert.ok(report.checks.some(({ detail }) => detail === `kept as ${kept}`));
    await server.sql("INSERT INTO parent VALUES (9, 'nine')", ODD_NAME);
    assert.equal(await server.sql("SELECT COUNT(*) FROM audit WHERE what = 'parent 9'", ODD_NAME), '1');
    const next = await server.sql('INSERT INTO numbered (v) VALUES (3); SELECT MAX(id) FROM numbered', ODD_NAME);
    assert.ok(Number(next) > 6);
    assert.equal(
      await server.sql('SELECT status FROM information_schema.events ORDER BY event_schema'),
      'ENABLED\nDISABLED',
    );
  });

  test('a database that is gone comes back, and nothing stays beside it', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const original = await observe(server, 'lab');
    const held = await take(source);
    await server.sql('DROP DATABASE lab');
    assertClean(await restore(source, held));
    assert.deepEqual(await observe(server, 'lab'), original);
    assert.deepEqual(await databasesOf(server), ['lab']);
  });

  test('the old database can be dropped at the end', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const held = await take(source);
    assertClean(await restore(source, held, { server: { ...SWAP, dropOld: true } }));
    assert.deepEqual(await databasesOf(server), ['lab']);
  });

  test('a copy gets another name and leaves the original alone; its events sleep', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const held = await take(source);
    await server.sql('DELETE FROM child', 'lab');
    const original = await observe(server, 'lab');
    const report = await restore(source, held, { conflict: 'refuse', server: { ...SWAP, as: 'lab copy' } });
    assertClean(report);
    assert.deepEqual(await observe(server, 'lab'), original);
    assert.equal(await server.sql('SELECT COUNT(*) FROM child', 'lab copy'), '2');
    assert.equal(
      await server.sql('SELECT status FROM information_schema.events ORDER BY event_schema'),
      'ENABLED\nDISABLED',
    );
    const triggers = "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'lab copy'";
    assert.equal(await server.sql(triggers), '2');
    const again = restore(source, held, { server: { ...SWAP, as: 'lab copy' } });
    await assert.rejects(again, { code: 'target.exists' });
  });

  test('in place, what was there is dumped to a file first, and the file brings it back', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    using folder = temporaryFolder();
    const safetyFolder = join(folder.path, 'safety');
    const source = openSource(server, { database: 'lab' }, { safetyFolder });
    const original = await observe(server, 'lab');
    const held = await take(source);
    await server.sql('DELETE FROM child; CREATE TABLE later (id INT)', 'lab');
    const changed = await observe(server, 'lab');
    assertClean(await restore(source, held, { server: { ...SWAP, inPlace: true } }));
    assert.deepEqual(await observe(server, 'lab'), original);
    const [file = ''] = readdirSync(safetyFolder);
    assert.equal(statSync(join(safetyFolder, file)).mode & 0o777, 0o600);
    await server.sql('DROP DATABASE lab; CREATE DATABASE lab COLLATE utf8mb4_bin');
    await server.sql(readFileSync(join(safetyFolder, file), 'utf8'), 'lab');
    assert.deepEqual(await observe(server, 'lab'), changed);
  });

  test('single tables come back with their triggers, in place or beside, and the rest stays', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    using folder = temporaryFolder();
    const source = openSource(server, { database: 'lab' }, { safetyFolder: folder.path });
    const original = await observe(server, 'lab');
    const held = await take(source);
    await server.sql('DROP TABLE `~we``ird #1`; DROP TRIGGER plain_trigger; DELETE FROM parent', 'lab');
    const tables = ['~we`ird #1', 'parent', 'child'];
    assertClean(await restore(source, held, { server: { ...SWAP, inPlace: true, tables } }));
    assert.deepEqual(await observe(server, 'lab'), original);
    assertClean(await restore(source, held, { server: { ...SWAP, as: 'some', tables: ['parent', 'audit'] } }));
    assert.equal(await server.sql('SHOW TABLES', 'some'), 'audit\nparent');
    const unknown = restore(source, held, { server: { ...SWAP, as: 'more', tables: ['parents'] } });
    await assert.rejects(unknown, { code: 'target.failed', hint: 'did you mean parent' });
    assert.deepEqual(await databasesOf(server), ['lab', 'some']);
  });

  test('a dump that breaks in place: the error names the file with what was there', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    using folder = temporaryFolder();
    const source = openSource(server, { database: 'lab' }, { safetyFolder: folder.path });
    const held = cut(await take(source), 0.5);
    const broken = restore(source, held, { server: { ...SWAP, inPlace: true } });
    await assert.rejects(broken, (error: { hint?: string }) => error.hint?.includes(folder.path) === true);
    assert.equal(readdirSync(folder.path).filter((name) => name.endsWith('.sql')).length, 1);
  });

  test('a dump cut anywhere is refused before anything is touched', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const original = await observe(server, 'lab');
    const held = await take(source);
    for (const part of [0, 0.1, 0.4, 0.7, 0.95, 0.999]) {
      await assert.rejects(restore(source, cut(held, part)), /source\.|no end|-- Dump completed/);
    }
    assert.deepEqual(await observe(server, 'lab'), original);
    assert.deepEqual(await databasesOf(server), ['lab']);
  });

  test('a database that is not what was recorded is not swapped in', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const held = await take(source);
    const original = await observe(server, 'lab');
    const dump = Buffer.from(held.contents.get('lab.sql')!).toString('latin1');
    for (const [from, to] of [
      ["(1,1,'a')", "(1,1,'A')"],
      ["(2,'two')", "(3,'two')"],
      ['RETURN x + 1', 'RETURN x + 2'],
    ] as const) {
      assert.ok(dump.includes(from), from);
      const other = withDump(held, Buffer.from(dump.replace(from, to), 'latin1'));
      await assert.rejects(restore(source, other), { code: 'target.failed' }, from);
    }
    assert.deepEqual(await observe(server, 'lab'), original);
    assert.deepEqual(await databasesOf(server), ['lab']);
  });

  test('a statement that fails ends the restore and leaves nothing', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const held = await take(source);
    const dump = Buffer.from(held.contents.get('lab.sql')!).toString('latin1');
    const broken = withDump(
      held,
      Buffer.from(dump.replace('CREATE TABLE `parent`', 'CREATE TABEL `parent`'), 'latin1'),
    );
    await assert.rejects(restore(source, broken), /ERROR 1064/);
    assert.deepEqual(await databasesOf(server), ['lab']);
  });

  test('a server that is full ends the restore, and what was there stays', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql("INSERT INTO child SELECT seq, 1, REPEAT('x', 2000) FROM seq_10_to_6000", 'lab');
    const held = await take(openSource(server, { database: 'lab' }));
    await using full = await startMariadb({
      settings: [
        '--innodb-file-per-table=0',
        '--innodb-data-file-path=ibdata1:12M;ibdata2:8M',
        '--event-scheduler=OFF',
      ],
    });
    await makeSmall(full);
    const original = await observe(full, 'lab');
    await assert.rejects(restore(openSource(full, { database: 'lab' }), held), { code: 'target.full' });
    assert.deepEqual(await observe(full, 'lab'), original);
    assert.deepEqual(await databasesOf(full), ['lab']);
  });

  test('several databases and users come back; users who exist keep their passwords', async () => {
    await dropAll(server);
    await makeSample(server, 'lab', 'users');
    await server.sql(
      "CREATE ROLE reader; GRANT SELECT ON lab.* TO reader; CREATE USER `it's`@`10.%` IDENTIFIED BY 'first'; GRANT reader TO `it's`@`10.%`; GRANT INSERT (note) ON lab.child TO `it's`@`10.%`; CREATE USER stays IDENTIFIED BY 'first'",
    );
    const source = openSource(server, { databases: 'all' });
    const originals = [await observe(server, 'lab'), await observe(server, 'users')];
    const grants = await server.sql("SHOW GRANTS FOR `it's`@`10.%`");
    const held = await take(source);
    assert.deepEqual([...held.contents.keys()], ['%75sers.sql', 'lab.sql', 'users.sql']);
    await server.sql("DROP USER `it's`@`10.%`; DROP ROLE reader; SET PASSWORD FOR stays = PASSWORD('second')");
    const changed = await server.sql('SHOW CREATE USER stays');
    await dropAll(server);
    const report = await restore(source, held);
    assertClean(report);
    assert.deepEqual(report.warnings, []);
    assert.deepEqual([await observe(server, 'lab'), await observe(server, 'users')], originals);
    assert.equal(await server.sql("SHOW GRANTS FOR `it's`@`10.%`"), grants);
    assert.equal(await server.sql('SHOW CREATE USER stays'), changed);
    await server.sql("DROP USER `it's`@`10.%`, stays; DROP ROLE reader");
  });

  test('databases whose names differ only at a far end are kept under different names', async () => {
    await dropAll(server);
    const names = ['1', '2'].map((end) => 'x'.repeat(63) + end);
    for (const name of names)
      await server.sql(`CREATE DATABASE ${name}; CREATE TABLE ${name}.t (a INT); INSERT INTO ${name}.t VALUES (1)`);
    const source = openSource(server, { databases: names });
    assertClean(await restore(source, await take(source)));
    assert.equal((await databasesOf(server)).length, 4);
  });

  test('everything can be given to another definer', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const held = await take(source);
    await restore(source, held, { server: { ...SWAP, owner: 'root@localhost', dropOld: true } });
    const definers = ['views', 'routines', 'triggers', 'events'].map(
      (kind) => `SELECT definer FROM information_schema.${kind} WHERE definer LIKE 'nobody%'`,
    );
    assert.equal(await server.sql(definers.join(' UNION ')), '');
    assert.equal(await server.sql('SELECT one FROM orphan', 'lab'), '1');
  });

  test('what exists is replaced only when that is asked for', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab' });
    const held = await take(source);
    await server.sql('DELETE FROM child', 'lab');
    await assert.rejects(restore(source, held, { conflict: 'refuse' }), { code: 'target.exists' });
    const skipped = await restore(source, held, { conflict: 'skip' });
    assert.equal(skipped.skipped, 1);
    const planned = await restore(source, held, { dryRun: true });
    assert.deepEqual(planned.plan, [{ path: 'database lab', action: 'overwrite' }]);
    assert.equal(await server.sql('SELECT COUNT(*) FROM child', 'lab'), '0');
    assert.deepEqual(await databasesOf(server), ['lab']);
  });

  test('a database that others refer to with foreign keys, or that a transaction holds, is not moved away', async () => {
    await dropAll(server);
    await makeSample(server, 'lab');
    const source = openSource(server, { database: 'lab', lock_timeout: '1s' });
    const held = await take(source);
    const original = await observe(server, 'lab');
    const holding = server
      .sql('START TRANSACTION; SELECT COUNT(*) FROM parent; SELECT SLEEP(60)', 'lab')
      .catch(() => '');
    const holder = await connectionThat('SELECT SLEEP(60)');
    await assert.rejects(restore(source, held), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'source.locked');
      assert.match(error.message, /root@localhost \(connection \d+\) holds tables of database lab/);
      return true;
    });
    await server.sql(`KILL ${holder}`);
    await holding;
    assert.deepEqual(await observe(server, 'lab'), original);
    assert.deepEqual(await databasesOf(server), ['lab']);
    await server.sql(
      'CREATE DATABASE other; CREATE TABLE other.t (id INT, FOREIGN KEY (id) REFERENCES lab.parent (id))',
    );
    await assert.rejects(restore(source, held), /table other\.t refers to database lab/);
  });
});

/** The number of the connection that runs this statement, once there is one. */
async function connectionThat(statement: string): Promise<string> {
  let found = '';
  await until(async () => {
    found = await server.sql(`SELECT id FROM information_schema.processlist WHERE info = '${statement}'`);
    return found !== '';
  }, 'the statement runs');
  return found;
}

/** The first part of the only dump. */
function cut(held: Held, part: number): Held {
  const [bytes] = held.contents.values();
  return withDump(held, bytes!.subarray(0, Math.floor(bytes!.length * part)));
}

function withDump(held: Held, bytes: Uint8Array): Held {
  const [name] = held.contents.keys();
  return { ...held, contents: new Map([[name!, bytes]]) };
}
