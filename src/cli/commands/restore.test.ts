import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, describe, test } from 'node:test';
import { initCheaply } from '../../../test/fixtures/cheap-repository.ts';
import { memoryTerminal } from '../../../test/fixtures/memory-terminal.ts';
import { openLocalStore } from '../../stores/local/open.ts';
import { runCommandLine } from '../main.ts';

describe('restore of a point with a configuration, a database and files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-restore-'));
  const path = (...names: string[]) => join(folder, ...names);
  const files = () => readFileSync(path('media', 'a'), 'utf8');
  let targets = 0;
  const newTarget = () => path(`target-${++targets}`);

  before(async () => {
    process.env.VAULT_PASSWORD = 'secret';
    process.env.XDG_STATE_HOME = path('state');
    const password = { env: 'VAULT_PASSWORD' };
    const store = (name: string) => ({ type: 'restic', store: `file:${path(name)}`, password });
    const configuration = {
      sources: {
        media: { type: 'files', paths: ['media'] },
        app: { type: 'sqlite', path: 'app.db' },
        values: { type: 'files', paths: ['values.yaml'], role: 'config' },
        other: { type: 'files', paths: ['other'] },
      },
      repositories: { vault: store('vault'), copy: store('copy') },
      jobs: { main: { sources: ['media', 'app', 'values'], to: ['vault', 'copy'] } },
    };
    writeFileSync(path('surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    for (const name of ['vault', 'copy'])
      await initCheaply(await openLocalStore({ path: path(name), create: true }), 'secret');
    mkdirSync(path('media'));
    mkdirSync(path('other'));
    writeAll('as backed up');
    const { exitCode, all } = await run([], 'backup');
    assert.equal(exitCode, 0, all);
  });
  beforeEach(() => writeAll('as it is now'));
  after(() => rmSync(folder, { recursive: true }));

  function writeAll(content: string): void {
    writeFileSync(path('media', 'a'), content);
    writeFileSync(path('values.yaml'), content);
    rmSync(path('app.db'), { force: true });
    using database = openDatabase();
    database.db.exec(`CREATE TABLE notes (text); INSERT INTO notes VALUES ('${content}')`);
  }

  function openDatabase(name = 'app.db'): Disposable & { readonly db: DatabaseSync } {
    const db = new DatabaseSync(path(name));
    return { db, [Symbol.dispose]: () => db.close() };
  }

  function note(name?: string): unknown {
    using database = openDatabase(name);
    return database.db.prepare('SELECT text FROM notes').get()?.text;
  }

  async function run(answers: readonly string[] | undefined, ...argv: string[]) {
    const terminal = memoryTerminal(answers === undefined ? {} : { answers });
    const more = ['--config', path('surety.yaml'), '--no-progress'];
    const exitCode = await runCommandLine([...argv, ...more], terminal, new AbortController().signal);
    return { exitCode, out: terminal.outText, err: terminal.errText, all: terminal.outText + terminal.errText };
  }

  test('without a place everything goes back to where it came from, what others rely on first, after the word', async () => {
    const refused = await run(undefined, 'restore', 'latest');
    assert.equal(refused.exitCode, 2);
    assert.match(refused.err, /a restore to the original place replaces what is there.*\nhint: give --force/);
    assert.equal(files(), 'as it is now');
    const { exitCode, err, out } = await run(['yes'], 'restore', 'latest');
    assert.equal(exitCode, 0, err + out);
    assert.match(err, /source +values[\s\S]*source +app[\s\S]*source +media[\s\S]*Type yes to go on: /);
    assert.deepEqual([files(), note()], ['as backed up', 'as backed up']);
    assert.match(out, /values: [\s\S]*app: [\s\S]*media: /);
  });

  test('--at alone means the newest at or before', async () => {
    assert.match(
      (await run([], 'restore', '--at', '2001-01-01', '--target', newTarget())).err,
      /no snapshot at or before/,
    );
    const target = newTarget();
    assert.equal((await run([], 'restore', '--at', 'now', '--target', target)).exitCode, 0);
    assert.ok(existsSync(join(target, 'media', 'a')));
    assert.match((await run([], 'restore')).err, /does not know what to restore\nhint: name a snapshot/);
  });

  test('a member by itself is warned of what it relies on, also when it is asked for by its id', async () => {
    const point = JSON.parse((await run([], 'list', '--json')).out).repositories[0];
    const { id } = point.snapshots.find((one: { source: string }) => one.source === 'media');
    for (const asked of [['latest', '--source', 'media'], [id]]) {
      const { err } = await run([], 'restore', ...asked, '--force');
      assert.match(
        err,
        /warning: values and app of the same recovery point, which media may rely on, stay as they are now/,
      );
      const beside = await run([], 'restore', ...asked, '--target', newTarget());
      assert.doesNotMatch(beside.err, /warning/);
    }
    const database = await run([], 'restore', 'latest', '--source', 'app', '--source', 'values', '--force');
    assert.equal(database.exitCode, 2);
    assert.match(
      database.err,
      /app goes back after what it relies on\nhint: the order is values and app; --out-of-order/,
    );
    const meant = await run(
      [],
      'restore',
      'latest',
      '--source',
      'app',
      '--source',
      'values',
      '--out-of-order',
      '--force',
    );
    assert.equal(meant.exitCode, 0, meant.all);
    assert.match(meant.out, /app: [\s\S]*values: /);
  });

  test('a member that fails stops no other, and --resume does what is left', async () => {
    {
      using _used = openDatabase();
      _used.db.exec('BEGIN IMMEDIATE');
      const first = await run([], 'restore', 'latest', '--force');
      assert.equal(first.exitCode, 1, first.all);
      assert.match(first.out, /failed +app: [\s\S]*Not complete: app is left\. Next: .* surety restore --resume/);
      assert.deepEqual([files(), note()], ['as backed up', 'as it is now']);
    }
    writeFileSync(path('media', 'a'), 'written since');
    assert.equal((await run(undefined, 'restore', '--resume')).exitCode, 2);
    const hinted = await run(['no'], 'restore', 'latest');
    assert.match(hinted.err, /did 2 of 3 members; surety restore --resume does only the rest/);
    const resumed = await run(['yes'], 'restore', '--resume');
    assert.equal(resumed.exitCode, 0, resumed.all);
    assert.match(resumed.err, /warning: the restore begun at .* did 2 of 3 members/);
    assert.deepEqual([files(), note()], ['written since', 'as backed up']);
    const nothing = await run([], 'restore', '--resume');
    assert.match(nothing.err, /no restore that was begun and not finished/);
  });

  test('one that can not go on says why, and can be forgotten', async () => {
    const target = newTarget();
    {
      // Everything of the vault's and of the copy's content is away but for what the first members need.
      using _used = openDatabase();
      _used.db.exec('BEGIN IMMEDIATE');
      assert.equal((await run([], 'restore', 'latest', '--force')).exitCode, 1);
    }
    const file = path('surety.yaml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('"path":"app.db"', '"path":"moved.db"'));
    const moved = await run([], 'restore', '--resume', '--force');
    writeFileSync(file, before);
    assert.equal(moved.exitCode, 1);
    assert.match(moved.err, /can not go on: source app is configured differently now\nhint: .*--abandon/);
    assert.match((await run([], 'restore', '--resume', '--target', target)).err, /knows what goes where/);
    assert.match((await run([], 'restore', '--abandon')).out, /Forgotten: the restore begun at .* did 2 of 3 members/);
    assert.equal((await run([], 'restore', '--abandon')).out, 'There is none.\n');
  });

  test('what a repository has lost comes from another, which is said', async () => {
    renameSync(path('vault', 'data'), path('away'));
    mkdirSync(path('vault', 'data'));
    try {
      const { exitCode, all } = await run([], 'restore', 'latest', '--force');
      assert.equal(exitCode, 3, all);
      assert.match(all, /repository vault: .*; taken from repository copy/);
      assert.deepEqual([files(), note()], ['as backed up', 'as backed up']);
    } finally {
      rmSync(path('vault', 'data'), { recursive: true });
      renameSync(path('away'), path('vault', 'data'));
    }
  });

  test('--into gives the snapshot of another source a place, of the same kind only', async () => {
    const before = readFileSync(path('surety.yaml'), 'utf8');
    writeFileSync(path('surety.yaml'), before.replaceAll('"app"', '"renamed"'));
    try {
      const asked = ['restore', 'latest', '--source', 'app'];
      assert.match(
        (await run([], ...asked, '--force')).err,
        /source app is not in the configuration.*\nhint: .*--into/,
      );
      assert.match(
        (await run([], ...asked, '--into', 'media', '--force')).err,
        /of kind sqlite, and source media is not/,
      );
      assert.match((await run([], ...asked, '--into', 'nothing', '--force')).err, /no source named nothing/);
      const done = await run([], ...asked, '--into', 'renamed', '--force');
      assert.equal(done.exitCode, 0, done.all);
      assert.equal(note(), 'as backed up');
    } finally {
      writeFileSync(path('surety.yaml'), before);
    }
  });

  test('--proven takes what was already restored whole', async () => {
    const { point } = JSON.parse((await run([], 'show', 'latest', '--json')).out);
    assert.equal((await run([], 'restore', 'latest', '--target', newTarget())).exitCode, 0);
    assert.equal((await run([], 'backup')).exitCode, 0);
    const target = newTarget();
    const proven = await run([], 'restore', '--proven', '--target', target, '--json');
    const { items } = JSON.parse(proven.out);
    assert.deepEqual(
      new Set(items.map((one: { snapshot: { recoveryPoint: string } }) => one.snapshot.recoveryPoint)),
      new Set([point.id]),
    );
    assert.equal(readFileSync(join(target, 'media', 'a'), 'utf8'), 'as backed up');
  });

  test('options for servers are refused where nothing goes into one, and parts of databases where they would replace the whole', async () => {
    const asked = ['restore', 'latest', '--force'];
    assert.match((await run([], ...asked, '--drop-old')).err, /nothing of this goes into a database server/);
    assert.match(
      (await run([], ...asked, '--table', 'users')).err,
      /a part of a database can not take the place of the whole/,
    );
    assert.match((await run([], ...asked, '--in-place', '--target', newTarget())).err, /can only go to one place/);
  });

  test('--into with other absolute paths than those of the snapshot is refused: these would be replaced', async () => {
    const before = readFileSync(path('surety.yaml'), 'utf8');
    const document = JSON.parse(before);
    document.sources = { absolute: { type: 'files', paths: [path('media')] } };
    document.sources.elsewhere = { type: 'files', paths: [path('elsewhere')] };
    writeFileSync(path('surety.yaml'), JSON.stringify({ ...document, jobs: undefined }));
    try {
      assert.equal((await run([], 'backup', '--source', 'absolute')).exitCode, 0);
      const asked = ['restore', 'latest', '--source', 'absolute', '--into', 'elsewhere', '--force'];
      assert.match(
        (await run([], ...asked)).err,
        /media, which is not in source elsewhere .*: files keep their absolute/,
      );
    } finally {
      writeFileSync(path('surety.yaml'), before);
    }
  });
});
