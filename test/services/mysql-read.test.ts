import assert from 'node:assert/strict';
import { symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SuretyError } from '../../src/base/errors.ts';
import { openLocal } from '../../src/reach/local.ts';
import type { Reach } from '../../src/reach/reach.ts';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import {
  assertClean,
  dropAll,
  makeSample,
  makeSmall,
  never,
  ODD_NAME,
  openSource,
  restore,
  SWAP,
  take,
  temporaryFolder,
} from './mysql-sample.ts';

/** Sessions that wait for their next statement, such as the one that holds a lock. */
const SLEEPING =
  "SELECT id FROM information_schema.processlist WHERE command = 'Sleep' AND user = 'root' AND id <> CONNECTION_ID()";

let server: MariadbServer;

describe('databases of MariaDB are read', { skip: skipWithout('mariadbd', 'mariadb-dump') }, () => {
  before(async () => {
    server = await startMariadb();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
  });

  test('a dump is whole, the same as long as nothing changes, and its fingerprint names everything', async () => {
    await dropAll(server);
    await makeSample(server, ODD_NAME);
    const source = openSource(server, { database: ODD_NAME });
    const first = await take(source);
    const second = await take(source);
    assert.deepEqual(second.contents, first.contents);
    assert.deepEqual(second.facts, first.facts);
    const [[name, bytes] = ['', new Uint8Array()]] = first.contents;
    assert.equal(name, '%2Do`dd%2Fn%25me.ü.sql');
    assert.equal(first.facts.sizeBytes, bytes.length);
    assert.equal(first.facts.mysql.exact, true);
    assert.match(first.facts.versions.mariadb ?? '', /^\d+\.\d+\.\d+-MariaDB/);
    const { tables, objects = [] } = first.facts.fingerprint!;
    assert.deepEqual(
      tables.map((table) => [table.name, table.rows]),
      [
        ['audit', 0],
        ['child', 2],
        ['kinds', 2],
        ['numbered', 2],
        ['parent', 2],
        ['parted', 2],
        ['~we`ird #1', 1],
      ],
    );
    assert.deepEqual(objects.map((object) => `${object.kind} ${object.name}`).sort(), [
      'event ticker',
      'routine func()',
      'routine proc',
      'sequence numbers',
      'trigger named_trigger',
      'trigger plain_trigger',
      'view a_view',
      'view another',
      'view orphan',
    ]);
  });

  test('every change of a value changes the checksum, a change of the order of rows does not', async () => {
    await dropAll(server);
    await server.sql(
      "CREATE DATABASE lab; CREATE TABLE lab.t (a INT, b VARCHAR(20), c BLOB, d DOUBLE, e JSON, f DATETIME(3), g TEXT); INSERT INTO lab.t VALUES (1, 'a', 'b', 1.5, '1', '2024-01-01', NULL), (2, NULL, '', NULL, NULL, NULL, '')",
    );
    const source = openSource(server, { database: 'lab' });
    const checksum = async () => (await take(source)).facts.fingerprint!.tables[0]!.checksum;
    const seen = new Set([await checksum()]);
    await server.sql(
      'CREATE TABLE lab.u LIKE lab.t; INSERT INTO lab.u SELECT * FROM lab.t ORDER BY a DESC; DROP TABLE lab.t; RENAME TABLE lab.u TO lab.t',
    );
    assert.ok(seen.has(await checksum()));
    const changes = [
      'a = 3 WHERE a = 2',
      "b = '' WHERE b IS NULL",
      "b = 'A' WHERE a = 1",
      "c = NULL WHERE c = ''",
      'd = 1.5000000000000002 WHERE a = 1',
      "e = ' 1' WHERE a = 1",
      "f = '2024-01-01 00:00:00.001' WHERE a = 1",
      'g = NULL',
      "b = CONCAT(b, 'b'), c = ''  WHERE a = 1",
    ];
    for (const change of changes) {
      await server.sql(`UPDATE lab.t SET ${change}`);
      const now = await checksum();
      assert.ok(!seen.has(now), change);
      seen.add(now);
    }
    await server.sql('INSERT INTO lab.t SELECT * FROM lab.t');
    assert.ok(!seen.has(await checksum()), 'every row twice');
  });

  test('databases that are written to: all dumps and the fingerprint show one moment', async () => {
    await dropAll(server);
    await makeBusy();
    const writing = server.sql('CALL one.transfer()').catch(() => undefined);
    await sleep(100);
    const source = openSource(server, { databases: ['one', 'two'] });
    const held = await take(source);
    await stopBusy();
    await writing;
    assert.equal(held.facts.mysql.exact, true);
    assert.deepEqual(held.facts.notes, []);
    assert.ok(held.facts.fingerprint!.tables.find(({ name }) => name === 'one/log')!.rows > 0);
    await dropAll(server);
    assertClean(await restore(source, held));
    assert.equal(
      await server.sql('SELECT (SELECT SUM(v) FROM one.account) + (SELECT SUM(v) FROM two.account)'),
      '2000',
    );
    assert.equal(await server.sql('SELECT @@GLOBAL.net_write_timeout'), '60');
  });

  test('who may lock tables but not the server gets the same; who may lock nothing is told', async () => {
    await dropAll(server);
    await makeBusy();
    await server.sql(
      "CREATE OR REPLACE USER few IDENTIFIED BY 'secret'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON one.* TO few; GRANT SELECT ON mysql.proc TO few",
    );
    const source = openSource(server, { database: 'one', user: 'few', port: server.port }, { password: 'secret' });
    const writing = server.sql('CALL one.transfer()').catch(() => undefined);
    await sleep(50);
    const held = await take(source);
    assert.equal(held.facts.mysql.exact, true);
    await server.sql('REVOKE LOCK TABLES ON one.* FROM few');
    const beside = await take(source);
    assert.equal(beside.facts.mysql.exact, false);
    assert.match(beside.facts.notes?.[0] ?? '', /taken beside the dump.*RELOAD or LOCK TABLES/);
    await stopBusy();
    await writing;
    const root = openSource(server, { database: 'one' });
    assertClean(await restore(root, held, { server: { ...SWAP, as: 'copy' } }));
    await restore(root, beside, { server: { ...SWAP, as: 'copy2' } });
    await server.sql('DROP USER few');
  });

  test('a right that would leave something out is missed, and the hint brings it', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql("CREATE OR REPLACE USER few IDENTIFIED BY 'secret'; GRANT SELECT ON lab.* TO few");
    const source = openSource(server, { database: 'lab', user: 'few', port: server.port }, { password: 'secret' });
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await take(source).then(
        () => undefined,
        (thrown: SuretyError) => thrown,
      );
      assert.equal(error?.code, 'source.denied');
      const [grant = ''] = /^GRANT .*? TO '[^']*'@'[^']*'/.exec(error?.hint ?? '') ?? [];
      await server.sql(grant);
    }
    assert.equal((await take(source)).facts.files, 1);
    await server.sql('DROP USER few');
  });

  test('tables can be chosen and left out', async () => {
    await dropAll(server);
    await makeSmall(server);
    const only = await take(
      openSource(server, { database: 'lab', tables: ['parent'], routines: false, events: false }),
    );
    assert.deepEqual(
      only.facts.fingerprint!.tables.map(({ name }) => name),
      ['parent'],
    );
    const dump = textOf(only.contents.get('lab.sql'));
    assert.ok(dump.includes('CREATE TABLE `parent`') && !dump.includes('CREATE TABLE `child`'));
    const without = await take(openSource(server, { databases: ['lab'], exclude_tables: ['lab.child', 'lab.a_view'] }));
    assert.ok(!textOf(without.contents.get('lab.sql')).includes('`child`'));
    assert.deepEqual(
      without.facts.fingerprint!.tables.map(({ name }) => name),
      ['parent'],
    );
    await assert.rejects(take(openSource(server, { database: 'lab', tables: ['parents'] })), {
      code: 'source.missing',
      hint: 'did you mean parent',
    });
    await assert.rejects(take(openSource(server, { database: 'no\u001b[31m' })), {
      code: 'source.missing',
      message: 'lab: there is no database no\\x1b[31m that this user may see',
    });
  });

  test('only rows are counted, or nothing, when that is asked for', async () => {
    await dropAll(server);
    await makeSmall(server);
    const counts = await take(openSource(server, { database: 'lab', fingerprint: 'counts' }));
    assert.deepEqual(counts.facts.fingerprint!.tables, [
      { name: 'child', rows: 2 },
      { name: 'parent', rows: 2 },
    ]);
    const off = await take(openSource(server, { database: 'lab', fingerprint: 'off' }));
    assert.equal(off.facts.fingerprint, undefined);
    await restore(openSource(server, { database: 'lab' }), counts, { server: { ...SWAP, dropOld: true } });
  });

  test('a database that lost its tables or rows is no good backup', async () => {
    await dropAll(server);
    await makeSmall(server);
    const source = openSource(server, { database: 'lab' });
    const { facts } = await take(source);
    await server.sql('DELETE FROM child; DELETE FROM parent', 'lab');
    await assert.rejects(take(source, facts), { code: 'source.empty' });
    await server.sql('DROP DATABASE lab; CREATE DATABASE lab');
    await assert.rejects(take(source, facts), { code: 'source.empty' });
    assert.equal((await take(source)).facts.mysql.databases[0]?.tables, 0);
    await server.sql('DROP DATABASE lab');
    await assert.rejects(take(source, facts), { code: 'source.missing' });
  });

  test('tables without transactions are named, and locked where that is asked for', async () => {
    await dropAll(server);
    await server.sql(
      'CREATE DATABASE lab; CREATE TABLE lab.old (id INT) ENGINE = MyISAM; INSERT INTO lab.old VALUES (1)',
    );
    const warned = await take(openSource(server, { database: 'lab' }));
    assert.match(warned.warnings[0]?.message ?? '', /know no transactions.*: old;/);
    assert.deepEqual(warned.facts.mysql.databases[0]?.beside, ['old']);
    const locked = await take(openSource(server, { database: 'lab', single_transaction: false }));
    assert.deepEqual(locked.warnings, []);
    assert.equal(await server.sql('INSERT INTO lab.old VALUES (2); SELECT COUNT(*) FROM lab.old'), '2');
    const alone = openSource(server, { database: 'lab', single_transaction: false, fingerprint: 'off' });
    await using reading = await alone.read({ signal: never, warn: () => {} });
    const [[entry] = []] = await Array.fromAsync(reading.entries());
    for await (const content of reading.content([entry!], { signal: never })) {
      // Whoever else writes now does not wait any more.
      for (const id of (await server.sql(SLEEPING)).split('\n')) await server.sql(`KILL ${id}`);
      if (content.kind === 'stream') for await (const _ of content.chunks);
    }
    await assert.rejects(reading.finish(), { code: 'source.incomplete', message: /lock of the tables was lost/ });
    truncateSync(join(server.folder, 'data/lab/old.MYI'), 100);
    await server.sql('FLUSH TABLES');
    await assert.rejects(take(openSource(server, { database: 'lab' })), (error: SuretyError) => {
      assert.equal(error.code, 'source.corrupt');
      assert.match(error.message, /'?\.?\/?(lab\/)?old/);
      return true;
    });
  });

  test('a view that is broken is named with what to do', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql('CREATE TABLE gone (id INT); CREATE VIEW lost AS SELECT * FROM gone; DROP TABLE gone', 'lab');
    await assert.rejects(take(openSource(server, { database: 'lab' })), (error: SuretyError) => {
      assert.match(error.message, /view refers to tables.*lost/);
      assert.match(error.hint ?? '', /exclude_tables/);
      return true;
    });
    assert.equal((await take(openSource(server, { database: 'lab', exclude_tables: ['lost'] }))).facts.files, 1);
  });

  test('what is wrong with the server, the login, the names and the programs is told', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql("CREATE OR REPLACE USER app IDENTIFIED BY 'right'");
    const tcp = { database: 'lab', user: 'app', port: server.port };
    await assert.rejects(take(openSource(server, tcp, { password: 'wrong-password' })), (error: SuretyError) => {
      assert.equal(error.code, 'source.denied');
      assert.match(error.message, /refuses this user or password.*'app'@/);
      assert.ok(!JSON.stringify(error).includes('wrong-password') && !error.message.includes('wrong-password'));
      return true;
    });
    await assert.rejects(take(openSource(server, { ...tcp, port: 1 })), { code: 'source.unreachable', retry: 'later' });
    await assert.rejects(take(openSource(server, { database: 'laab' })), {
      code: 'source.missing',
      hint: 'did you mean lab',
    });
    using folder = temporaryFolder();
    await assert.rejects(take(openSource(server, { database: 'lab', bin: folder.path })), {
      code: 'source.tool-missing',
    });
    await server.sql('DROP USER app');
  });

  test('no password is in the arguments of a program', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql("CREATE OR REPLACE USER app IDENTIFIED BY 'hard2guess'; GRANT ALL ON *.* TO app");
    const seen: string[] = [];
    const local = openLocal();
    const reach: Reach = {
      ...local,
      exec(argv, how) {
        seen.push(...argv);
        return local.exec(argv, how);
      },
    };
    const options = { databases: 'all', user: 'app', port: server.port, server: '127.0.0.1' };
    const held = await take(openSource(server, options, { reach, password: 'hard2guess' }));
    assert.ok(seen.length > 20 && !seen.some((argument) => argument.includes('hard2guess')));
    assert.ok(!JSON.stringify(held.facts).includes('hard2guess'));
    await server.sql('DROP USER app');
  });

  test('programs by their older names, mysqldump and mysql, do as well', async () => {
    await dropAll(server);
    await makeSmall(server);
    using bin = temporaryFolder();
    for (const [older, newer] of [
      ['mysqldump', 'mariadb-dump'],
      ['mysql', 'mariadb'],
    ] as const)
      symlinkSync((await expectSuccess(['sh', '-c', `command -v ${newer}`])).trim(), join(bin.path, older));
    const held = await take(openSource(server, { database: 'lab', bin: bin.path }));
    assert.deepEqual(held.contents, (await take(openSource(server, { database: 'lab' }))).contents);
  });

  test('a program that ends early or cuts its dump makes no backup', async () => {
    await dropAll(server);
    await makeSmall(server);
    for (const [script, code] of [
      ['mariadb-dump "$@" | head -c 2000', 'source.incomplete'],
      ['mariadb-dump "$@"; exit 3', 'source.failed'],
      ['mariadb-dump "$@" | sed "/Dump completed/d"', 'source.incomplete'],
      [':', 'source.incomplete'],
    ] as const) {
      const source = openSource(server, { database: 'lab' }, { reach: dumpingBy(script) });
      await assert.rejects(take(source), { code }, script);
    }
  });

  test('a reading that is given up leaves no program and no lock', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql("INSERT INTO child SELECT seq, 1, REPEAT('x', 2000) FROM seq_10_to_5000", 'lab');
    const source = openSource(server, { database: 'lab' });
    {
      await using reading = await source.read({ signal: never, warn: () => {} });
      const [[entry] = []] = await Array.fromAsync(reading.entries());
      for await (const content of reading.content([entry!], { signal: never })) {
        if (content.kind === 'stream') for await (const _chunk of content.chunks) break;
      }
    }
    await sleep(100);
    assert.equal(
      await server.sql(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE command <> 'Daemon' AND id <> CONNECTION_ID() AND user = 'root'",
      ),
      '0',
    );
  });

  test('a repository that takes nothing for longer than the server waits makes no difference', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql("INSERT INTO child SELECT seq, 1, REPEAT('x', 2000) FROM seq_10_to_10000", 'lab');
    await server.sql('SET GLOBAL net_write_timeout = 1');
    const source = openSource(server, { database: 'lab', fingerprint: 'counts' });
    await using reading = await source.read({ signal: never, warn: () => {} });
    const [[entry] = []] = await Array.fromAsync(reading.entries());
    let pauses = 0;
    for await (const content of reading.content([entry!], { signal: never })) {
      if (content.kind !== 'stream') continue;
      for await (const _chunk of content.chunks) if (pauses++ === 0) await sleep(2200);
    }
    assert.equal((await reading.finish()).fingerprint!.tables[0]?.rows, 9993);
    assert.equal(await server.sql('SELECT @@GLOBAL.net_write_timeout'), '1');
    // What a run leaves that is killed while it is raised.
    await server.sql('SET GLOBAL net_write_timeout = 10000061');
    await using next = await source.read({ signal: never, warn: () => {} });
    for await (const content of next.content([entry!], { signal: never })) {
      if (content.kind === 'stream') for await (const _chunk of content.chunks) break;
    }
    assert.equal(await server.sql('SELECT @@GLOBAL.net_write_timeout'), '61');
    await server.sql('SET GLOBAL net_write_timeout = 60');
  });

  test('a server that dies in the middle of a dump ends the backup', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql("INSERT INTO child SELECT seq, 1, REPEAT('x', 2000) FROM seq_10_to_10000", 'lab');
    const source = openSource(server, { database: 'lab', fingerprint: 'off' });
    await using reading = await source.read({ signal: never, warn: () => {} });
    const [[entry] = []] = await Array.fromAsync(reading.entries());
    const readOn = async () => {
      let killed = false;
      for await (const content of reading.content([entry!], { signal: never })) {
        if (content.kind !== 'stream') continue;
        for await (const _chunk of content.chunks) {
          if (!killed) await server.stop('immediate');
          killed = true;
        }
      }
    };
    await assert.rejects(readOn(), (error: SuretyError) => {
      assert.equal(error.code, 'source.unreachable');
      assert.match(error.message, /dump of database lab: the server ended the connection in the middle/);
      return true;
    });
    await assert.rejects(reading.finish(), { code: 'source.incomplete' });
    await server.start();
  });
});

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

/** Two databases between which a procedure moves money in transactions, as fast as it can, until `one.flag` says no. */
async function makeBusy(): Promise<void> {
  await server.sql(`
    CREATE DATABASE one; CREATE DATABASE two;
    CREATE TABLE one.flag (go INT); INSERT INTO one.flag VALUES (1);
    CREATE TABLE one.log (id INT PRIMARY KEY AUTO_INCREMENT, note TEXT);
    -- It comes before the others, and is more than a program prints before it has read them all.
    CREATE TABLE one.aaa (id INT PRIMARY KEY, text TEXT);
    INSERT INTO one.aaa SELECT seq, REPEAT('x', 2000) FROM one.seq_1_to_3000;
    CREATE TABLE one.account (id INT PRIMARY KEY, v INT); CREATE TABLE two.account LIKE one.account;
    INSERT INTO one.account SELECT seq, 10 FROM one.seq_1_to_100; INSERT INTO two.account SELECT * FROM one.account;
    DELIMITER ;;
    CREATE PROCEDURE one.transfer() BEGIN
      DECLARE n INT DEFAULT 0;
      WHILE (SELECT go FROM one.flag) DO
        SET n = n + 1;
        START TRANSACTION;
        UPDATE one.account SET v = v - 1 WHERE id = 1 + n % 100;
        UPDATE two.account SET v = v + 1 WHERE id = 1 + n % 100;
        INSERT INTO one.log (note) VALUES (CONCAT('transfer ', n));
        COMMIT;
      END WHILE;
    END;;
    DELIMITER ;
  `);
}

async function stopBusy(): Promise<void> {
  await server.sql('UPDATE one.flag SET go = 0');
}

/** This machine, on which the dump program is a script that gets its arguments. */
function dumpingBy(script: string): Reach {
  const local = openLocal();
  return {
    ...local,
    exec(argv, how) {
      const [program = '', ...args] = argv;
      const isDump = program === 'mariadb-dump' && !args.includes('--version');
      return local.exec(isDump ? ['sh', '-c', script, 'dump', ...args] : argv, how);
    },
  };
}
