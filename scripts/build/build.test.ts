import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { BUILDS, builtProgram } from '../../bin/built.ts';
import { expectSuccess, runProgram } from '../../test/fixtures/run-program.ts';
import { type Surety, variablesIn } from '../../test/fixtures/surety.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');

describe('the built program', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'surety-build-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const root = join(scratch, 'a checkout');
  mkdirSync(root);
  for (const name of ['bin', 'scripts', 'src', 'package.json']) {
    cpSync(join(CHECKOUT, name), join(root, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(CHECKOUT, 'node_modules'), join(root, 'node_modules'));
  const build = (...flags: string[]) =>
    expectSuccess([process.execPath, join(root, 'scripts', 'build.ts'), ...flags], { cwd: root });

  test('is not there before it is built, and the sources run', async () => {
    assert.equal(builtProgram(root), undefined);
    assert.deepEqual(await filesOf(['--version']), ['src/cli/main.ts']);
  });

  test('backs up, verifies and restores, with all its threads', async () => {
    await build();
    const entry = builtProgram(root) ?? '';
    assert.ok(entry.startsWith(join(root, BUILDS)));
    const data = join(scratch, 'data');
    mkdirSync(join(data, 'below'), { recursive: true });
    for (let file = 0; file < 300; file++) writeFileSync(join(data, 'below', `${file}`), `${file}`.repeat(3000));
    await expectSuccess([process.execPath, '-e', MAKE_DATABASE], { cwd: scratch });
    writeFileSync(join(scratch, 'surety.yaml'), CONFIG);
    const surety = here();
    await surety.run('init');
    await surety.run('backup');
    await surety.run('verify', '--read-data');
    await surety.run('copy', 'latest', '--to', 'second');
    await surety.run('restore', 'latest', '--repository', 'second', '--target', join(scratch, 'back'));
    const back = globSync('**/below/*', { cwd: join(scratch, 'back') }).map((path) => join(scratch, 'back', path));
    assert.equal(back.length, 300);
    for (const path of back) assert.equal(readFileSync(path, 'utf8'), basename(path).repeat(3000));
    assert.equal(globSync('**/small.db', { cwd: join(scratch, 'back') }).length, 1);
    const loaded = await filesOf(['list']);
    assert.deepEqual(
      loaded.filter((path) => path.startsWith('src/')),
      [],
    );
    assert.ok(loaded.some((path) => path.startsWith(`${BUILDS}/`)));
  });

  test('is not run any more once a source, a package or a file beside them changes', async () => {
    const main = join(root, 'src', 'cli', 'main.ts');
    const unchanged = statSync(main);
    appendFileSync(main, '\n');
    assert.equal(builtProgram(root), undefined);
    assert.deepEqual(await filesOf(['--version']), ['src/cli/main.ts']);
    await build('--if-changed');
    const rebuilt = builtProgram(root);
    assert.notEqual(rebuilt, undefined);
    utimesSync(main, unchanged.atime, unchanged.mtime);
    assert.equal(builtProgram(root), undefined, 'the time of another version');
    await build('--if-changed');
    const before = builtProgram(root);
    await build('--if-changed');
    assert.equal(builtProgram(root), before);
    const gone = join(root, 'src', 'base', 'limit.ts');
    const text = readFileSync(gone);
    rmSync(gone);
    assert.equal(builtProgram(root), undefined, 'a file is gone');
    const failed = await runProgram([process.execPath, join(root, 'scripts', 'build.ts')], { cwd: root });
    assert.notEqual(failed.code, 0);
    assert.match(failed.stderr, /limit\.ts/);
    writeFileSync(gone, text);
  });

  test('is run where whole seconds of its times were kept, and not where they are one constant', async () => {
    await build();
    const main = join(root, 'src', 'cli', 'main.ts');
    utimesSync(main, new Date(), Math.floor(statSync(main).mtimeMs / 1000));
    assert.notEqual(builtProgram(root), undefined);
    utimesSync(main, 1, 1);
    assert.equal(builtProgram(root), undefined);
    await build();
    assert.equal(builtProgram(root), undefined, 'such a time says nothing');
    utimesSync(main, new Date(), new Date());
  });

  test('leaves the one before it to processes that run it, and no more', async () => {
    for (let round = 0; round < 3; round++) {
      appendFileSync(join(root, 'src', 'cli', 'main.ts'), `export const round${round} = ${round};\n`);
      await build();
    }
    const builds = readdirSync(join(root, BUILDS)).filter((name) => name !== 'build.json');
    assert.equal(builds.length, 2);
    assert.ok(builds.every((name) => /^[0-9a-f]{12}$/.test(name)));
  });

  test('where its record is damaged or it is gone, the sources run', async () => {
    await build();
    const record = join(root, BUILDS, 'build.json');
    const text = readFileSync(record, 'utf8');
    for (const damaged of ['', '{}', 'null', text.slice(0, 500), text.replace('main.mjs', 'none.mjs')]) {
      writeFileSync(record, damaged);
      assert.equal(builtProgram(root), undefined);
    }
    assert.deepEqual(await filesOf(['--version']), ['src/cli/main.ts']);
  });

  const CONFIG = `
    sources:
      tree: { type: files, paths: [data] }
      small: { type: sqlite, path: small.db }
    repositories:
      first: { type: restic, store: "file:first", password: { env: PASSWORD } }
      second: { type: restic, store: "file:second", password: { env: PASSWORD } }
    jobs:
      all: { sources: [tree, small], to: [first] }
  `;

  function here(env: Readonly<Record<string, string>> = {}): Pick<Surety, 'run'> {
    const how = { cwd: scratch, env: { ...variablesIn(scratch), PASSWORD: 'secret', ...env } };
    return { run: (...args) => expectSuccess([join(root, 'bin', 'surety'), ...args], how) };
  }

  /** The first file of the program that a command runs, or all of them, as paths in the checkout. */
  async function filesOf(args: readonly string[]): Promise<string[]> {
    const folder = mkdtempSync(join(scratch, 'coverage-'));
    await here({ NODE_V8_COVERAGE: folder }).run(...args);
    const loaded = readdirSync(folder).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage;
      return result.map(({ url }) => decodeURI(url));
    });
    const own = loaded.flatMap((url) => url.split(`${root}/`)[1] ?? []).filter((path) => /^(src|dist)\//.test(path));
    return args[0] === '--version' ? own.filter((path) => path.endsWith('cli/main.ts')) : own;
  }
});

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

const MAKE_DATABASE = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync('small.db');
  database.exec('CREATE TABLE one (id INTEGER PRIMARY KEY); INSERT INTO one VALUES (1), (2)');
`;
