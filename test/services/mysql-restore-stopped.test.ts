import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SuretyError } from '../../src/base/errors.ts';
import { openLocal } from '../../src/reach/local.ts';
import type { Exit, Process, Reach } from '../../src/reach/reach.ts';
import type { Held } from '../../src/sources/held.ts';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { assertClean, databasesOf, dropAll, makeSmall, observe, openSource, restore, take } from './mysql-sample.ts';

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
    });
  }

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
 * started, as when the machine fails. `once`: the others can.
 */
function stoppingAt(text: RegExp, how: 'for good' | 'once' = 'for good'): Stopping {
  const local = openLocal();
  let stopped = false;
  async function* watched(stdin: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of stdin) {
      if (!stopped && text.test(Buffer.from(chunk).toString('utf8'))) {
        stopped = true;
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
