import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { hasCode } from '../../base/errors.ts';
import { swapIn } from './swap.ts';
import { countItems, execute, type Folder, makeDatabase, makeFolder, startProcess } from './testing/databases.ts';

const SWAP = JSON.stringify(new URL('./swap.ts', import.meta.url).href);
const LATER = new Date('2026-01-02T00:00:00Z');

/** Changes the database in a program that is killed before it can tidy up. */
async function changeAndDie(path: string, sql: string): Promise<void> {
  const program = `const d = new DatabaseSync(path); d.exec(${JSON.stringify(sql)}); process.kill(process.pid, 'SIGKILL');`;
  await using _dead = await startProcess(path, program);
}

/** What may be at the name before a restore, and how to tell that a file has it. */
const OLD_ONES: Readonly<Record<string, { make(path: string): Promise<void>; has(path: string): boolean }>> = {
  'a database in rollback mode': {
    make: async (path) => makeDatabase(path, { rows: 40 }),
    has: (path) => rowsOf(path) === 40,
  },
  'a database with changes that are only in its -wal file': {
    async make(path) {
      makeDatabase(path, { mode: 'wal', rows: 50 });
      await changeAndDie(path, 'DELETE FROM items WHERE id > 40');
      assert.ok(statSync(`${path}-wal`).size > 0);
    },
    has: (path) => rowsOf(path) === 40,
  },
  'a database with a hot journal': {
    async make(path) {
      makeDatabase(path, { rows: 40 });
      await changeAndDie(path, 'PRAGMA cache_size = 1; BEGIN; UPDATE items SET name = zeroblob(9000)');
      assert.ok(statSync(`${path}-journal`).size > 0);
    },
    has: (path) => rowsOf(path) === 40,
  },
  'a file that SQLite can not read, with a -wal file': {
    async make(path) {
      writeFileSync(path, 'nothing of a database is left here. '.repeat(100));
      writeFileSync(`${path}-wal`, 'nor here');
    },
    has: (path) => readFileSync(path, 'latin1').startsWith('nothing of a database'),
  },
};

function rowsOf(path: string): number | undefined {
  try {
    using database = new DatabaseSync(path);
    assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
    return Number(database.prepare('SELECT count(*) AS n FROM items').get()?.n);
  } catch {
    return undefined;
  }
}

/** Swaps in a process of its own that runs `before` the n-th of its steps, with `name` and `path` in scope. */
async function swapInChild(folder: Folder, nth: number, before: string, first = ''): Promise<boolean> {
  const program = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    ${first}
    let steps = 0;
    for (const name of ['linkSync', 'renameSync', 'rmSync', 'fsyncSync']) {
      const real = fs[name];
      fs[name] = (...args) => { if (++steps === ${nth}) { ${before} } return real(...args); };
    }
    syncBuiltinESMExports();
    const { swapIn } = await import(${SWAP});
    swapIn({ source: 'app', path }, ${JSON.stringify(folder.at('new.db'))}, path, new Date('2026-01-01T00:00:00Z'));
    console.log('done');`;
  await using child = await startProcess(folder.at('app.db'), program);
  return child.child.signalCode === null;
}

function keptIn(folder: Folder): string[] {
  return readdirSync(folder.path).filter((name) => /before-restore-\d{8}T\d{6}Z$/.test(name));
}

for (const [what, old] of Object.entries(OLD_ONES)) {
  describe(`where ${what} is`, () => {
    test('a kill at any step leaves the whole old or the whole new one at the name', async () => {
      let finished = false;
      for (let nth = 1; !finished; nth++) {
        using folder = makeFolder();
        const path = folder.at('app.db');
        await old.make(path);
        makeDatabase(folder.at('new.db'), { rows: 100 });
        copyFileSync(folder.at('new.db'), folder.at('again.db'));
        finished = await swapInChild(folder, nth, `process.kill(process.pid, 'SIGKILL');`);
        const isNew = rowsOf(path) === 100;
        assert.ok(isNew || old.has(path), `killed before step ${nth}`);
        assert.equal(isNew, !existsSync(folder.at('new.db')), 'the new one is at the name or where it was');
        if (isNew) assert.ok(old.has(folder.at(keptIn(folder)[0]!)), 'the old one is kept');
        if (finished) assert.ok(nth > 4, `${nth} steps`);

        swapIn({ source: 'app', path }, folder.at('again.db'), path, LATER);
        assert.equal(rowsOf(path), 100);
        assert.ok(
          keptIn(folder).some((name) => old.has(folder.at(name))),
          `the old one is kept after a second restore, killed before step ${nth}`,
        );
        for (const name of ['app.db', ...keptIn(folder)]) assert.equal(statSync(folder.at(name)).nlink, 1, name);
      }
    });
  });
}

for (const mode of ['wal', 'delete'] as const) {
  test(`nobody gets at a database in ${mode} mode while it is replaced, and it is left as it was`, async () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path, { mode, rows: 40 });
    makeDatabase(folder.at('new.db'), { mode, rows: 100 });
    const program = `
      import fs from 'node:fs'; import { spawnSync } from 'node:child_process'; import { syncBuiltinESMExports } from 'node:module';
      const real = fs.renameSync;
      fs.renameSync = (...args) => {
        const other = "const { DatabaseSync } = require('node:sqlite'); try { new DatabaseSync(process.argv[1]).exec('SELECT * FROM items'); console.log('read') } catch (error) { console.log(error.message) }";
        fs.writeFileSync(${JSON.stringify(folder.at('other.txt'))}, spawnSync(process.execPath, ['-e', other, path]).stdout);
        return real(...args);
      };
      syncBuiltinESMExports();
      const { swapIn } = await import(${SWAP});
      swapIn({ source: 'app', path }, ${JSON.stringify(folder.at('new.db'))}, path, new Date('2026-01-01T00:00:00Z'));
      console.log('done');`;
    await using _child = await startProcess(path, program);
    assert.match(readFileSync(folder.at('other.txt'), 'utf8'), /database is locked/);
    assert.deepEqual(readdirSync(folder.path).sort(), [
      'app.db',
      'app.db.before-restore-20260101T000000Z',
      'other.txt',
    ]);
    assert.equal(countItems(path), 100);
    using kept = new DatabaseSync(folder.at(keptIn(folder)[0]!));
    assert.equal(kept.prepare('PRAGMA journal_mode').get()?.journal_mode, mode);
  });
}

test('where there are no hard links a kill may leave nothing at the name, but both databases whole', async () => {
  const refuse = `fs.linkSync = () => { throw Object.assign(new Error('no links'), { code: 'EPERM' }) };`;
  for (let nth = 1, finished = false; !finished; nth++) {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path, { mode: 'wal', rows: 40 });
    makeDatabase(folder.at('new.db'), { rows: 100 });
    copyFileSync(folder.at('new.db'), folder.at('again.db'));
    finished = await swapInChild(folder, nth, `process.kill(process.pid, 'SIGKILL');`, refuse);
    const whole = readdirSync(folder.path).map((name) => rowsOf(folder.at(name)));
    assert.ok(whole.includes(40) && whole.filter((rows) => rows === 100).length === 2, `killed before step ${nth}`);
    swapIn({ source: 'app', path }, folder.at('again.db'), path, LATER);
    assert.equal(rowsOf(path), 100);
    assert.ok(keptIn(folder).some((name) => rowsOf(folder.at(name)) === 40));
  }
});

test('a step that fails puts everything back', async () => {
  using folder = makeFolder();
  const path = folder.at('app.db');
  makeDatabase(path, { rows: 40 });
  assert.throws(() => swapIn({ source: 'app', path }, folder.at('missing.db'), path, LATER), { code: 'ENOENT' });
  makeDatabase(folder.at('new.db'), { rows: 100 });
  await swapInChild(folder, 4, `process.on('uncaughtException', () => {}); throw new Error('as planned');`);
  assert.deepEqual(readdirSync(folder.path).sort(), ['app.db', 'new.db']);
  assert.equal(countItems(path), 40);
});

test('a database that came into use is not replaced', async () => {
  using folder = makeFolder();
  const path = folder.at('app.db');
  makeDatabase(path, { mode: 'wal', rows: 40 });
  makeDatabase(folder.at('new.db'), { rows: 100 });
  await using _other = await startProcess(
    path,
    `const d = new DatabaseSync(path); d.exec('SELECT * FROM items'); console.log(1); setInterval(() => d, 1000)`,
  );
  assert.throws(
    () => swapIn({ source: 'app', path }, folder.at('new.db'), path, LATER),
    (error) => hasCode(error, 'source.locked'),
  );
  assert.deepEqual(keptIn(folder), []);
  execute(path, 'DELETE FROM items WHERE id > 30');
  assert.equal(countItems(path), 30);
});
