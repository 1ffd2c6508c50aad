import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { endOf, firstOutputOf } from '../../../test/fixtures/child-end.ts';
import { hasCode } from '../../base/errors.ts';
import { catalogContract } from '../contract.ts';
import { openSqliteCatalog } from './open.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-catalog-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(folder, `${++count}`, 'catalog.db');
const startedAt = new Date('2026-11-20T03:07:00Z');
const aRun = (id: string) => ({ id, verb: 'backup', job: 'nightly', startedAt });

describe('the SQLite catalog keeps the contract:', () => {
  for (const { name, check } of catalogContract) {
    test(name, async () => {
      await using catalog = openSqliteCatalog({ path: freshPath() });
      await check(catalog);
    });
  }
});

test('what was recorded is there after opening again', async () => {
  const path = freshPath();
  {
    await using catalog = openSqliteCatalog({ path });
    await catalog.beginRun(aRun('r1'));
    await catalog.endRun('r1', { endedAt: startedAt, outcome: 'ok', exitCode: 0 });
  }
  await using catalog = openSqliteCatalog({ path });
  assert.deepEqual(catalog.notices, []);
  assert.equal((await catalog.run('r1'))?.outcome, 'ok');
});

test('a catalog of the first shape keeps what it has', async () => {
  const path = freshPath();
  mkdirSync(join(path, '..'), { recursive: true });
  const database = new DatabaseSync(path);
  database.exec(readFileSync(new URL('./migrations/0001-init.sql', import.meta.url), 'utf8'));
  database.exec(`PRAGMA user_version = 1;
    INSERT INTO snapshots VALUES ('vault', 'abc', 'media', 'main', '["/srv"]', '[]', 1000, 'point', 5)`);
  database.close();
  await using catalog = openSqliteCatalog({ path });
  assert.deepEqual(catalog.notices, []);
  const [kept] = await catalog.snapshots({});
  assert.deepEqual([kept?.id, kept?.repositoryId, kept?.sizeBytes], ['abc', '', 5]);
});

test('only its owner may read the catalog', async () => {
  const path = freshPath();
  await using _catalog = openSqliteCatalog({ path });
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a file that is not a database is moved aside and said so', async () => {
  const path = freshPath();
  await openSqliteCatalog({ path })[Symbol.asyncDispose]();
  writeFileSync(path, 'this is not a database at all, and long enough to have a header. '.repeat(100));
  await using catalog = openSqliteCatalog({ path });
  assert.equal(catalog.notices.length, 1);
  assert.match(catalog.notices[0]!, /damaged.*surety catalog rebuild/);
  const aside = readdirSync(join(path, '..')).find((name) => name.includes('.damaged-'));
  assert.match(readFileSync(join(path, '..', aside!), 'utf8'), /^this is not a database/);
  await catalog.beginRun(aRun('r1'));
  assert.equal((await catalog.history({ limit: 5 })).length, 1);
});

test('a catalog with lost pages is moved aside', async () => {
  const path = freshPath();
  {
    await using catalog = openSqliteCatalog({ path });
    for (let n = 0; n < 200; n++) await catalog.beginRun(aRun(`r${n}`));
  }
  truncateSync(path, Math.floor(statSync(path).size / 2));
  await using catalog = openSqliteCatalog({ path });
  assert.equal(catalog.notices.length, 1);
  assert.deepEqual(await catalog.history({ limit: 5 }), []);
});

test('a catalog of a later version is refused and left alone', async () => {
  const path = freshPath();
  await openSqliteCatalog({ path })[Symbol.asyncDispose]();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 9999');
  database.close();
  assert.throws(
    () => openSqliteCatalog({ path }),
    (error) => hasCode(error, 'catalog.newer'),
  );
  assert.deepEqual(
    readdirSync(join(path, '..')).filter((name) => name.includes('damaged')),
    [],
  );
});

test('a path that can not be a file is refused with its name', () => {
  writeFileSync(join(folder, 'a-file'), '');
  assert.throws(
    () => openSqliteCatalog({ path: join(folder, 'a-file', 'catalog.db') }),
    (error) => hasCode(error, 'catalog.denied') && error.message.includes('a-file'),
  );
});

test('a run whose process died counts as interrupted, a running one does not', async () => {
  const path = freshPath();
  const program = (lines: string) => `
    import { openSqliteCatalog } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    const catalog = openSqliteCatalog({ path: ${JSON.stringify(path)} });
    ${lines}`;
  const begin = (id: string) =>
    `await catalog.beginRun({ id: '${id}', verb: 'backup', job: '', startedAt: new Date(1000) });`;
  const alive = startProgram(program(`${begin('alive')} console.log('begun'); setInterval(() => {}, 1000);`));
  await firstOutputOf(alive);
  const dead = startProgram(program(`${begin('dead')} process.kill(process.pid, 'SIGKILL');`));
  await endOf(dead);
  try {
    await using catalog = openSqliteCatalog({ path });
    assert.equal((await catalog.run('dead'))?.outcome, 'interrupted');
    assert.equal((await catalog.run('alive'))?.outcome, undefined);
  } finally {
    alive.kill('SIGKILL');
    await endOf(alive);
  }
});

test('two processes that open a new catalog at once and write lose nothing', async () => {
  const path = freshPath();
  const program = (name: string) => `
    import { openSqliteCatalog } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    const catalog = openSqliteCatalog({ path: ${JSON.stringify(path)} });
    for (let n = 0; n < 50; n++) await catalog.beginRun({ id: '${name}' + n, verb: 'backup', job: '', startedAt: new Date(n) });`;
  const writers = ['a', 'b', 'c'].map((name) => startProgram(program(name)));
  assert.deepEqual(await Promise.all(writers.map((writer) => endOf(writer))), [0, 0, 0]);
  await using catalog = openSqliteCatalog({ path });
  assert.deepEqual(catalog.notices, []);
  assert.equal((await catalog.history({ limit: 1000 })).length, 150);
});

function startProgram(text: string) {
  return spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
}
