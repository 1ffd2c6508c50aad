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
import { basename, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { BUNDLES, bundledProgram, isBundleWhole, RECORD } from '../../bin/bundled.ts';
import { expectSuccess, runProgram } from '../../test/fixtures/run-program.ts';
import { type Surety, variablesIn } from '../../test/fixtures/surety.ts';

/** What npm writes with each package that it installs. */
const PACKAGES = join('node_modules', '.package-lock.json');
const CHECKOUT = join(import.meta.dirname, '..', '..');

describe('the bundled program', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'surety-bundle-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const root = join(scratch, 'a checkout');
  mkdirSync(root);
  for (const name of ['bin', 'scripts', 'src', 'package.json', 'tsconfig.json']) {
    cpSync(join(CHECKOUT, name), join(root, name), { recursive: true, preserveTimestamps: true });
  }
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(CHECKOUT, 'node_modules'))) {
    if (name !== basename(PACKAGES))
      symlinkSync(join(CHECKOUT, 'node_modules', name), join(root, 'node_modules', name));
  }
  cpSync(join(CHECKOUT, PACKAGES), join(root, PACKAGES));
  const bundle = () => expectSuccess([process.execPath, join(root, 'scripts', 'bundle.ts')], { cwd: root });

  test('is not there before it is made, and the sources run', async () => {
    assert.equal(bundledProgram(root), undefined);
    assert.deepEqual(await loadedBy('--version', (path) => path.endsWith('cli/main.ts')), ['src/cli/main.ts']);
  });

  test('backs up, verifies and restores, with all its threads', async () => {
    await bundle();
    const entry = bundledProgram(root) ?? '';
    assert.ok(entry.startsWith(join(root, BUNDLES)));
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
    assert.deepEqual(await loadedBy('list', (path) => path.startsWith('src/')), []);
    assert.notDeepEqual(await loadedBy('list', (path) => path.startsWith(`${BUNDLES}/`)), []);
  });

  test('is made anew once a source, a package or what makes it changes, and not before', async () => {
    await bundle();
    const record = join(root, RECORD);
    for (const name of ['src/cli/main.ts', 'package.json', 'scripts/bundle/make.ts', PACKAGES]) {
      const current = bundledProgram(root);
      const made = statSync(record).ino;
      await bundle();
      assert.equal(statSync(record).ino, made, 'nothing had changed');
      appendFileSync(join(root, name), '\n');
      assert.equal(bundledProgram(root), undefined, name);
      assert.deepEqual(await loadedBy('--version', (path) => path.endsWith('cli/main.ts')), ['src/cli/main.ts']);
      await bundle();
      assert.equal(bundledProgram(root), current, 'a line end changes no bundle');
    }
    const gone = join(root, 'src', 'base', 'limit.ts');
    const text = readFileSync(gone);
    rmSync(gone);
    const failed = await runProgram([process.execPath, join(root, 'scripts', 'bundle.ts')], { cwd: root });
    assert.notEqual(failed.code, 0);
    assert.match(failed.stderr, /limit\.ts/);
    writeFileSync(gone, text);
  });

  test('of files that change while they are read is not run', async () => {
    const main = join(root, 'src', 'cli', 'main.ts');
    const text = readFileSync(main, 'utf8');
    const { makeBundle } = await import('./make.ts');
    const { keepBundle } = await import('./keep.ts');
    let saves = 0;
    const saving = setInterval(() => writeFileSync(main, `${text}// ${'saved '.repeat(++saves)}\n`), 5);
    const made = await makeBundle(root);
    clearInterval(saving);
    writeFileSync(main, `${text}// the last word\n`);
    keepBundle(root, made);
    assert.ok(saves > 1);
    assert.equal(bundledProgram(root), undefined);
    writeFileSync(main, text);
    await bundle();
  });

  test('that is damaged is made anew', async () => {
    const folder = dirname(bundledProgram(root) ?? '');
    const [part = ''] = readdirSync(folder).filter((name) => name.startsWith('list-'));
    writeFileSync(join(folder, part), '');
    await bundle();
    assert.notEqual(statSync(join(folder, part)).size, 0);
    writeFileSync(join(folder, 'main.mjs'), '');
    assert.deepEqual(await loadedBy('--version', (path) => path.endsWith('cli/main.ts')), ['src/cli/main.ts']);
    await bundle();
    assert.equal(bundledProgram(root), join(folder, 'main.mjs'));
  });

  test('leaves the last ones that were current to processes that run them', async () => {
    const bundles = join(root, BUNDLES);
    const current = basename(dirname(bundledProgram(root) ?? ''));
    const [first, ...others] = Array.from({ length: 12 }, (_, at) => `${at}`.padStart(12, '0'));
    for (const [at, name] of [first ?? '', ...others].entries()) {
      mkdirSync(join(bundles, name));
      utimesSync(join(bundles, name), 1_700_000_000 + at, 1_700_000_000 + at);
    }
    mkdirSync(join(bundles, '.unfinished-old'));
    utimesSync(join(bundles, '.unfinished-old'), 1_700_000_000, 1_700_000_000);
    mkdirSync(join(bundles, '.unfinished-new'));
    utimesSync(join(bundles, current), 1_600_000_000, 1_600_000_000);
    appendFileSync(join(root, 'src', 'cli', 'main.ts'), '\n');
    await bundle();
    const kept = [current, ...others.slice(-9), '.unfinished-new', basename(RECORD)].sort();
    assert.deepEqual(
      readdirSync(bundles)
        .filter((name) => name !== 'extra')
        .sort(),
      kept,
    );
    assert.ok(statSync(join(bundles, current)).mtimeMs > Date.now() - 60_000, 'it is the last one that was current');
  });

  test('can be run as soon as one of several that make it at once has done so', async () => {
    rmSync(join(root, BUNDLES), { recursive: true });
    await Promise.all(
      [0, 1, 2].map(async () => {
        await bundle();
        await here().run('list');
      }),
    );
    assert.notEqual(bundledProgram(root), undefined);
    assert.equal(isBundleWhole(root), true);
    assert.equal(readdirSync(join(root, BUNDLES)).length, 2);
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

  /** Which of the program's own files a command loads: paths in the checkout. */
  async function loadedBy(command: string, isMeant: (path: string) => boolean): Promise<string[]> {
    const folder = mkdtempSync(join(scratch, 'coverage-'));
    await here({ NODE_V8_COVERAGE: folder }).run(command);
    const urls = readdirSync(folder).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage;
      return result.map(({ url }) => decodeURI(url));
    });
    return urls
      .flatMap((url) => url.split(`${root}/`)[1] ?? [])
      .filter((path) => /^(src|dist)\//.test(path) && isMeant(path));
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
