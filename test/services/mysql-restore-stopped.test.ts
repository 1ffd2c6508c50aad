import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SuretyError } from '../../src/base/errors.ts';
import { openLocal } from '../../src/reach/local.ts';
import type { Exit, Process, Reach } from '../../src/reach/reach.ts';
import type { Held } from '../../src/sources/held.ts';
import type { Source, Warning } from '../../src/sources/source.ts';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import {
  assertClean,
  databasesOf,
  dropAll,
  makeSmall,
  never,
  observe,
  openSource,
  restore,
  SWAP,
  take,
  temporaryFolder,
} from './mysql-sample.ts';

/** A text that is sent to the server, and what it stands for. */
const STOPS: readonly (readonly [when: string, statement: RegExp])[] = [
  ['before the restored database is made', /CREATE DATABASE `lab_restoring/],
  ['while rows are loaded', /INSERT INTO `parent`/],
  ['before the old code is saved', /CREATE DATABASE `lab_before/],
  ['while the old code is saved', /INSERT INTO `lab_before/],
  ['before the old triggers are dropped', /DROP TRIGGER `lab`/],
  ['before the old events are dropped', /DROP EVENT `lab`/],
  ['before the tables are moved', /RENAME TABLE/],
  ['before the old views are dropped', /DROP VIEW `lab`/],
  ['before the old routines are dropped', /DROP (FUNCTION|PROCEDURE) `lab`/],
  ['before the saved code is dropped', /DROP TABLE `lab_before/],
];

let server: MariadbServer;
/** The database that each test makes anew. */
let held: Held;
let original: unknown;

describe('a restore that is stopped loses nothing', { skip: skipWithout('mariadbd', 'mariadb-dump') }, () => {
  before(async () => {
    server = await startMariadb();
    await makeSmall(server);
    held = await take(openSource(server, { database: 'lab' }));
    original = await observe(server, 'lab');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
  });

  for (const [when, statement] of STOPS) {
    test(when, async () => {
      await dropAll(server);
      await makeSmall(server);
      await server.sql("UPDATE child SET note = 'old one'", 'lab');
      const stopping = stoppingAt(statement);
      await assert.rejects(restore(openSource(server, { database: 'lab' }, { reach: stopping }), held));
      assert.ok(stopping.stopped(), 'the statement was reached');
      assert.equal(await placesOfOldRows(), 1);
      assert.ok(await isOldCodeKnown(), 'the old triggers and events stand or are saved');
      assertClean(await restore(openSource(server, { database: 'lab' }), held));
      assert.deepEqual(await observe(server, 'lab'), original);
      assert.equal(await placesOfOldRows(), 1);
      assert.ok(await isOldCodeKnown(), 'the old triggers and events stand beside the old tables or are saved');
    });
  }

  for (const statement of [/RENAME TABLE/, /DROP EVENT `lab`/]) {
    test(`killed at ${statement.source}: whoever reads is told what is missing, and it is put back`, async () => {
      await dropAll(server);
      await makeSmall(server);
      const whole = await observe(server, 'lab');
      const stopping = stoppingAt(statement);
      const source = openSource(server, { database: 'lab' });
      await assert.rejects(restore(openSource(server, { database: 'lab' }, { reach: stopping }), held));
      const [warning] = await unfinished(source);
      const before = (await databasesOf(server)).find((name) => name.startsWith('lab_before_'))!;
      assert.equal(warning?.path, 'lab');
      assert.match(warning.message, /database lab lacks the triggers plain_trigger, named_trigger/);
      assert.match(warning.message, new RegExp(`table surety_definitions of database ${before};`));
      const dry = await restore(source, held, { dryRun: true });
      assert.equal(dry.warnings[0]?.code, 'source.unfinished-restore');
      if (statement.source.startsWith('RENAME')) {
        const report = await restore(source, held, { server: { ...SWAP, as: 'copy' } });
        assert.deepEqual(report.warnings, []);
        assert.match(report.notes.join(), /triggers and events of database lab, .* were put back: 3/);
        const names = await databasesOf(server);
        assert.deepEqual(
          names.filter((name) => !name.includes('_restoring_')),
          ['copy', 'lab'],
        );
      } else {
        const byHand = /by hand: (.*)$/.exec(warning.message)![1]!;
        run(byHand);
        assert.match((await unfinished(source))[0]!.message, /nothing of database lab is missing: drop lab_before_/);
        await server.sql(`DROP DATABASE ${before}`);
      }
      assert.deepEqual(await observe(server, 'lab'), whole);
      assert.deepEqual(await unfinished(source), []);
    });
  }

  test('killed after the tables were moved: whoever reads is told to restore again, and not once that is done', async () => {
    await dropAll(server);
    await makeSmall(server);
    const source = openSource(server, { database: 'lab' });
    const stopping = stoppingAt(/DROP VIEW `lab`/);
    await assert.rejects(restore(openSource(server, { database: 'lab' }, { reach: stopping }), held));
    assert.match(
      (await unfinished(source))[0]!.message,
      /restore of database lab was killed before its views.*: restore lab again/,
    );
    assertClean(await restore(source, held));
    assert.deepEqual(await unfinished(source), []);
  });

  test('a restore that is under way is not taken for one that was killed', async () => {
    await dropAll(server);
    await makeSmall(server);
    const source = openSource(server, { database: 'lab' });
    const seen: unknown[] = [];
    const reach = stoppingAt(/RENAME TABLE/, 'look', async () => void seen.push(await unfinished(source)));
    assertClean(await restore(openSource(server, { database: 'lab' }, { reach }), held));
    assert.deepEqual(seen, [[]]);
  });

  test('killed in place: whoever reads is told where the old contents are, until it is restored', async () => {
    await dropAll(server);
    await makeSmall(server);
    using folder = temporaryFolder();
    const how = { safetyFolder: folder.path };
    const source = openSource(server, { database: 'lab' }, how);
    const reach = stoppingAt(/INSERT INTO `parent`/);
    const inPlace = { server: { ...SWAP, inPlace: true } };
    await assert.rejects(restore(openSource(server, { database: 'lab' }, { ...how, reach }), held, inPlace));
    const [dump = ''] = readdirSync(folder.path).filter((name) => name.endsWith('.sql'));
    const told = await unfinished(source);
    assert.match(told[0]!.message, /database lab may be incomplete/);
    assert.ok(told[0]!.message.includes(`mariadb lab < ${join(folder.path, dump)} && rm `), told[0]!.message);
    const report = await restore(source, held, inPlace);
    assert.equal(report.warnings[0]?.code, 'source.unfinished-restore');
    assertClean(report);
    assert.deepEqual(await unfinished(source), []);
    assert.ok(readdirSync(folder.path).includes(dump));
  });

  test('when the move of the tables fails, triggers and events are put back', async () => {
    await dropAll(server);
    await makeSmall(server);
    await server.sql('DELETE FROM child', 'lab');
    const old = await observe(server, 'lab');
    const failing = stoppingAt(/RENAME TABLE/, 'once');
    await assert.rejects(restore(openSource(server, { database: 'lab' }, { reach: failing }), held));
    assert.deepEqual(await observe(server, 'lab'), old);
    assert.deepEqual(await databasesOf(server), ['lab']);
  });

  test('an abort while rows are loaded leaves the old database and nothing else', async () => {
    await dropAll(server);
    await makeSmall(server);
    const old = await observe(server, 'lab');
    const controller = new AbortController();
    const reason = new Error('stopped');
    const progress = () => controller.abort(reason);
    await assert.rejects(
      restore(openSource(server, { database: 'lab' }), held, { signal: controller.signal, progress }),
      reason,
    );
    assert.deepEqual(await observe(server, 'lab'), old);
    assert.deepEqual(await databasesOf(server), ['lab']);
  });
});

/** What a look at the source tells of restores that did not end. */
async function unfinished(source: Source): Promise<Warning[]> {
  const warnings: Warning[] = [];
  const warn = (warning: Warning) => void warnings.push(warning);
  const reading = await source.read({ signal: never, warn, look: true }).catch(() => undefined);
  await reading?.[Symbol.asyncDispose]();
  return warnings.filter(({ code }) => code === 'source.unfinished-restore');
}

/** A line as a person types it, with the connection that an option file of theirs would have. */
function run(line: string): void {
  const withServer = line.replaceAll('mariadb --default', `mariadb --socket=${server.socket} --user=root --default`);
  execFileSync('bash', ['-c', `set -o pipefail; ${withServer}`], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** In how many databases the rows are that the old database had. */
async function placesOfOldRows(): Promise<number> {
  let places = 0;
  for (const name of await databasesOf(server)) {
    const rows = await server.sql("SELECT COUNT(*) FROM child WHERE note = 'old one'", name).catch(() => '0');
    if (rows === '2') places += 1;
  }
  return places;
}

/** Triggers and events stand in the database or beside the old tables, or are saved there. */
async function isOldCodeKnown(): Promise<boolean> {
  for (const name of await databasesOf(server)) {
    if (name.includes('_restoring_')) continue;
    const where = `= '${name}'`;
    const standing = await server.sql(
      `SELECT (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema ${where}), (SELECT COUNT(*) FROM information_schema.events WHERE event_schema ${where})`,
    );
    const oldRows = await server.sql("SELECT COUNT(*) FROM child WHERE note = 'old one'", name).catch(() => '0');
    if (standing === '2\t1' && oldRows === '2') return true;
    const saved = "SELECT GROUP_CONCAT(sql_text SEPARATOR '') FROM surety_definitions";
    const text = await server.sql(saved, name).catch(() => '');
    if (text.includes('plain_trigger') && text.includes('ticker') && text.includes('a_view')) return true;
  }
  return false;
}

interface Stopping extends Reach {
  stopped(): boolean;
}

/**
 * This machine until a text is about to be sent to a program: that program is ended before it gets it, and from then on no other can be
 * started, as when the machine fails. `once`: the others can. `look`: all goes on when that is done.
 */
function stoppingAt(
  text: RegExp,
  how: 'for good' | 'once' | 'look' = 'for good',
  look?: () => Promise<void>,
): Stopping {
  const local = openLocal();
  let stopped = false;
  async function* watched(stdin: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of stdin) {
      if (!stopped && text.test(Buffer.from(chunk).toString('utf8'))) {
        stopped = true;
        await look?.();
        if (how === 'look') {
          yield chunk;
          continue;
        }
        throw new SuretyError('reach.failed', 'the machine failed');
      }
      yield chunk;
    }
  }
  return {
    traits: local.traits,
    stopped: () => stopped,
    exec(argv, execHow) {
      if (stopped && how === 'for good') return neverStarted();
      const { stdin } = execHow;
      return local.exec(argv, stdin === undefined ? execHow : { ...execHow, stdin: watched(stdin) });
    },
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

function neverStarted(): Process {
  const exit: Exit = { code: null, signal: null, error: new SuretyError('reach.failed', 'the machine failed') };
  async function* nothing(): AsyncGenerator<Uint8Array> {}
  return { stdout: nothing(), stderr: () => '', exit: Promise.resolve(exit) };
}
