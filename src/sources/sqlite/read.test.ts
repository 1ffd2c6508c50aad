import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { hasCode } from '../../base/errors.ts';
import {
  contentOf,
  execute,
  type Mode,
  makeDatabase,
  makeFolder,
  never,
  open,
  rowsOf,
  startProcess,
  take,
} from './testing/databases.ts';

/** A writer that adds two rows to a pair of tables in each transaction, as fast as it can. */
const PAIR_WRITER = `
  const database = new DatabaseSync(path, { timeout: 10000 });
  const texts = ['left', 'right'].map((table) => database.prepare('INSERT INTO ' + table + ' (x) VALUES (randomblob(500))'));
  for (let n = 0; ; n++) {
    database.exec('BEGIN IMMEDIATE');
    for (const insert of texts) insert.run();
    database.exec('COMMIT');
    if (n === 20) console.log('writing');
    if (n > 20) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }`;

for (const mode of ['wal', 'delete'] as Mode[]) {
  describe(`in ${mode} mode`, () => {
    test('copies taken while another process writes are each one committed state', async () => {
      using folder = makeFolder();
      const path = folder.at('app.db');
      execute(path, `PRAGMA journal_mode = ${mode}; CREATE TABLE left (x); CREATE TABLE right (x);`);
      await using _writer = await startProcess(path, PAIR_WRITER);
      const counts: number[] = [];
      for (let round = 0; round < 4; round++) {
        const held = await take(open(path));
        const left = rowsOf(held.facts.fingerprint, 'left')!;
        assert.equal(rowsOf(held.facts.fingerprint, 'right'), left);
        counts.push(left);
      }
      assert.ok(counts[0]! >= 20 && counts.at(-1)! > counts[0]!, `the writer went on: ${counts}`);
    });

    test('a copy restores alone and has what was only in companions of the original', async () => {
      using folder = makeFolder();
      const path = folder.at('app.db');
      makeDatabase(path, { mode, rows: 10 });
      await using _other = await startProcess(
        path,
        `const d = new DatabaseSync(path); d.exec("INSERT INTO items VALUES (11, 'late', 1, NULL, NULL)"); console.log(1); setInterval(() => {}, 1000)`,
      );
      const held = await take(open(path));
      writeFileSync(folder.at('copy.db'), contentOf(held));
      using copy = new DatabaseSync(folder.at('copy.db'));
      assert.equal(copy.prepare('SELECT count(*) AS n FROM items').get()?.n, 11);
      assert.equal(copy.prepare('PRAGMA journal_mode').get()?.journal_mode, mode);
    });

    test('the same contents give the same bytes and the same metadata', async () => {
      using folder = makeFolder();
      const path = folder.at('app.db');
      makeDatabase(path, { mode });
      const [first, second] = [await take(open(path)), await take(open(path))];
      assert.ok(Buffer.from(contentOf(first)).equals(contentOf(second)));
      assert.deepEqual(second.entries.at(-1), first.entries.at(-1));
    });

    test('a reading leaves no trace beside an idle database', async () => {
      using folder = makeFolder();
      makeDatabase(folder.at('app.db'), { mode });
      const before = [readFileSync(folder.at('app.db')), statSync(folder.at('app.db')).mtimeMs] as const;
      await take(open(folder.at('app.db')));
      assert.deepEqual(readdirSync(folder.path), ['app.db']);
      assert.deepEqual([readFileSync(folder.at('app.db')), statSync(folder.at('app.db')).mtimeMs], before);
    });

    test('what a killed writer left behind is recovered', async () => {
      using folder = makeFolder();
      const path = folder.at('app.db');
      makeDatabase(path, { mode, rows: 5000 });
      // A small cache makes the open transaction spill into the file, which makes its journal hot.
      const program = `const d = new DatabaseSync(path);
        d.exec("PRAGMA cache_size = 5; INSERT INTO items VALUES (9000, 'done', 1, NULL, NULL); BEGIN; DELETE FROM items WHERE id < 4000; UPDATE items SET name = name || 'x'");
        process.kill(process.pid, 'SIGKILL');`;
      await using _dead = await startProcess(path, program);
      assert.ok(existsSync(`${path}-${mode === 'wal' ? 'wal' : 'journal'}`));
      const held = await take(open(path));
      assert.equal(rowsOf(held.facts.fingerprint), 5001);
    });
  });
}

test('new contents that are only in the -wal file change the time of the entry', async () => {
  using folder = makeFolder();
  const path = folder.at('app.db');
  makeDatabase(path, { mode: 'wal' });
  await using _other = await startProcess(
    path,
    `const d = new DatabaseSync(path); d.exec('PRAGMA wal_autocheckpoint = 0; DELETE FROM items WHERE id = 1'); console.log(1);
     process.stdin.on('data', () => {}); setInterval(() => {}, 1000)`,
  );
  const first = await take(open(path));
  const mainTime = statSync(path, { bigint: true }).mtimeNs;
  assert.ok(first.entries.at(-1)!.mtimeNs > mainTime);
  assert.equal(rowsOf(first.facts.fingerprint), 999);
});

test('a database in the way of a writer is copied in steps or in one go, and whole', async () => {
  using folder = makeFolder();
  const path = folder.at('app.db');
  execute(path, 'CREATE TABLE filler (x); CREATE TABLE left (x); CREATE TABLE right (x);');
  execute(
    path,
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO filler SELECT zeroblob(1000000) FROM n',
  );
  await using _writer = await startProcess(path, PAIR_WRITER);
  const held = await take(open(path));
  assert.equal(rowsOf(held.facts.fingerprint, 'filler'), 80);
  assert.equal(rowsOf(held.facts.fingerprint, 'left'), rowsOf(held.facts.fingerprint, 'right'));
});

test('the copy and the folder around it are private and gone afterwards, also when the reading is given up', async () => {
  using folder = makeFolder();
  makeDatabase(folder.at('app.db'));
  const source = open(folder.at('app.db'));
  let path = '';
  {
    await using reading = await source.read({ signal: never, warn: () => {} });
    const entries = [];
    for await (const batch of reading.entries()) entries.push(...batch);
    for await (const content of reading.content([entries.at(-1)!], { signal: never })) {
      if (content.kind === 'path') path = content.path;
    }
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    assert.equal(statSync(path, { bigint: true }).mtimeNs, entries.at(-1)!.mtimeNs);
  }
  assert.equal(existsSync(path), false);
  assert.equal(existsSync(dirname(path)), false);
});

test('the copy of a killed run is removed by the next one', async () => {
  using folder = makeFolder();
  makeDatabase(folder.at('app.db'));
  mkdirSync(folder.at('tmp'));
  const program = `
    import { openSqlite } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    const options = { path, fingerprint: 'full', busy_timeout: 1000 };
    const source = openSqlite({ name: 'app', host: 'here', baseDir: '/', options });
    await source.read({ signal: new AbortController().signal, warn() {} });
    process.kill(process.pid, 'SIGKILL');`;
  await withTemporaryFolder(folder.at('tmp'), async () => {
    await using _killed = await startProcess(folder.at('app.db'), program);
    assert.equal(readdirSync(folder.at('tmp')).length, 1);
    await take(open(folder.at('app.db')));
    assert.deepEqual(readdirSync(folder.at('tmp')), []);
  });
});

test('a link to a database is followed and stored under its own name', async () => {
  using folder = makeFolder();
  mkdirSync(folder.at('real'));
  makeDatabase(folder.at('real/app.db'), { mode: 'wal', rows: 10 });
  symlinkSync('real/app.db', folder.at('link.db'));
  const held = await take(open('link.db', folder.path));
  assert.deepEqual(
    held.entries.map(({ path, type }) => [path, type]),
    [['link.db', 'file']],
  );
  assert.equal(rowsOf(held.facts.fingerprint), 10);
});

describe('a clear error tells of', () => {
  const failing = async (path: string, code: string, pattern: RegExp, options: object = {}) => {
    await assert.rejects(take(open(path, '/', options)), (error) => {
      assert.ok(hasCode(error, code), String(error));
      assert.match(error.message, pattern);
      assert.match(error.message, /app/);
      return true;
    });
  };

  test('a missing file and a missing folder', async () => {
    using folder = makeFolder();
    await failing(folder.at('app.db'), 'source.missing', /does not exist/);
    await failing(folder.at('none/app.db'), 'source.missing', /does not exist/);
  });

  test('an empty file, a directory and a file of something else', async () => {
    using folder = makeFolder();
    writeFileSync(folder.at('empty.db'), '');
    writeFileSync(folder.at('other.db'), 'no database '.repeat(1000));
    mkdirSync(folder.at('folder.db'));
    for (const name of ['empty.db', 'other.db', 'folder.db']) {
      await failing(folder.at(name), 'source.corrupt', /is not a SQLite database/);
    }
  });

  test('a damaged page, with the first findings', async () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path, { rows: 5000 });
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4096 * 10, 4096 * 11);
    writeFileSync(path, bytes);
    await failing(path, 'source.corrupt', /is damaged: .*(page|Tree|btree|malformed)/i);
  });

  test('an index that does not agree with its table', async () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path, { rows: 50 });
    {
      using database = new DatabaseSync(path, { defensive: false });
      database.exec(`PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = 'CREATE INDEX items_by_name ON items (weight)' WHERE name = 'items_by_name'`);
    }
    await failing(path, 'source.corrupt', /items_by_name/);
  });

  test('a file cut short', async () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path, { rows: 5000 });
    writeFileSync(path, readFileSync(path).subarray(0, 4096 * 7));
    await failing(path, 'source.corrupt', /damaged/);
  });

  test('a lock that is held for longer than the busy timeout', async () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path);
    const program = `const d = new DatabaseSync(path); d.exec('BEGIN EXCLUSIVE'); console.log(1); setInterval(() => {}, 1000)`;
    await using _other = await startProcess(path, program);
    await failing(path, 'source.locked', /locked by another process/, { busy_timeout: '200ms' });
  });

  test('a lock for good in WAL mode', async () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path, { mode: 'wal' });
    const program = `const d = new DatabaseSync(path);
      d.exec("PRAGMA locking_mode = EXCLUSIVE; DELETE FROM items WHERE id = 1"); console.log(1); setInterval(() => {}, 1000)`;
    await using _other = await startProcess(path, program);
    await failing(path, 'source.locked', /locked by another process/, { busy_timeout: '200ms' });
  });

  test('a database that had rows and has none any more', async () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path);
    const before = await take(open(path));
    execute(path, 'DELETE FROM items');
    await assert.rejects(take(open(path), before.facts), { code: 'source.empty' });
    execute(path, "INSERT INTO items (name) VALUES ('again')");
    await take(open(path), before.facts);
  });

  test('a database that this user may not read', { skip: process.getuid?.() !== 0 }, () => {
    using folder = makeFolder();
    const path = folder.at('app.db');
    makeDatabase(path);
    chmodSync(folder.path, 0o755);
    chmodSync(path, 0o600);
    const program = `
      process.setegid(65534); process.seteuid(65534);
      const { openSqlite } = await import(${JSON.stringify(new URL('./open.ts', import.meta.url).href)});
      const options = { path: ${JSON.stringify(path)}, fingerprint: 'full', busy_timeout: 100 };
      const source = openSqlite({ name: 'app', host: 'here', baseDir: '/', options });
      try { await source.read({ signal: new AbortController().signal, warn() {} }); }
      catch (error) { console.log(error.code); }`;
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    assert.equal(done.stdout.trim(), 'source.unreadable', done.stderr);
  });
});

test('a full disk fails the reading, is named and leaves nothing behind', {
  skip: process.getuid?.() !== 0,
}, async (t) => {
  using folder = makeFolder();
  mkdirSync(folder.at('small'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', folder.at('small')]);
  if (mounted.status !== 0) return t.skip('this machine lets nobody mount a small file system');
  try {
    mkdirSync(folder.at('small/tmp'));
    makeDatabase(folder.at('small/app.db'), { rows: 30_000 });
    await withTemporaryFolder(folder.at('small/tmp'), async () => {
      await assert.rejects(take(open(folder.at('small/app.db'))), { code: 'source.failed', message: /no room/ });
    });
    assert.deepEqual(readdirSync(folder.at('small/tmp')), []);
    await take(open(folder.at('small/app.db')));
  } finally {
    spawnSync('umount', [folder.at('small')]);
  }
});

async function withTemporaryFolder(path: string, work: () => Promise<void>): Promise<void> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = path;
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

test('the fingerprint of unchanged contents is taken over, that of changed contents is not', async () => {
  using folder = makeFolder();
  const path = folder.at('app.db');
  makeDatabase(path);
  const { facts } = await take(open(path));
  const marked = facts.fingerprint!.tables.map((table) => ({ ...table, checksum: 'seen before' }));
  const before = { ...facts, fingerprint: { ...facts.fingerprint!, tables: marked } };
  assert.deepEqual((await take(open(path), before)).facts.fingerprint, before.fingerprint);
  const counts = (await take(open(path, '/', { fingerprint: 'counts' }), before)).facts.fingerprint;
  assert.notEqual(counts?.algorithm, before.fingerprint.algorithm);
  execute(path, "UPDATE items SET name = 'other' WHERE id = 1");
  const changed = (await take(open(path), before)).facts.fingerprint;
  assert.equal(
    changed?.tables.some(({ checksum }) => checksum === 'seen before'),
    false,
  );
});

test('rows that break a foreign key are noted and do not fail the backup', async () => {
  using folder = makeFolder();
  const path = folder.at('app.db');
  execute(path, 'CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a); INSERT INTO a VALUES (1)');
  execute(path, 'INSERT INTO b VALUES (1)');
  assert.equal((await take(open(path))).facts.notes, undefined);
  execute(path, 'PRAGMA foreign_keys = OFF; INSERT INTO b VALUES (7), (8)');
  const { facts, warnings } = await take(open(path));
  assert.deepEqual(facts.notes, ['2 rows refer to rows that are not there (foreign keys)']);
  assert.deepEqual(warnings, []);
});
