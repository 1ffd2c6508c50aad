import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLayerProblems, importsOf, LAYERS } from './fixtures/layers.ts';

const source = join(import.meta.dirname, '..', 'src');

test('every import in src keeps to the layer table', () => {
  const files = globSync('**/*.ts', { cwd: source });
  assert.ok(files.length > 0);
  const tree = new Map(files.map((file) => [file, readFileSync(join(source, file), 'utf8')]));
  assert.deepEqual(findLayerProblems(tree), []);
});

test('the table in ARCHITECTURE.md names the same layers', () => {
  const text = readFileSync(join(source, '..', 'ARCHITECTURE.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([a-z, ]+) \| /gm)].flatMap((match) => (match[1] ?? '').split(', '));
  const layers = rows.map((name) => name.trim()).filter((name) => name !== 'folder');
  assert.deepEqual(layers.sort(), Object.keys(LAYERS).sort());
});

test('a tree that keeps the rules has no problems', () => {
  const tree = new Map([
    ['base/errors.ts', 'export const a = 1;'],
    ['base/environment.ts', 'export const home = process.env.HOME;'],
    ['reach/reach.ts', "import type { a } from '../base/errors.ts';"],
    ['stores/store.ts', ''],
    ['stores/contract.ts', "import type { Store } from './store.ts';"],
    ['stores/key.ts', "import './store.ts';"],
    ['stores/memory/open.ts', "import '../key.ts';"],
    ['stores/local/options.ts', ''],
    ['stores/local/open.ts', "import type { Store } from '../store.ts';\nimport './options.ts';"],
    ['stores/local/open.test.ts', "import '../s3/open.ts'; import '../../daemon/compose.ts'; process.env.X = '1';"],
    ['config/parse.ts', "import { options } from '../stores/local/options.ts';"],
    ['operations/backup.ts', "import type { Store } from '../stores/store.ts';\nimport './events.ts';"],
    ['operations/events.ts', ''],
    ['daemon/compose.ts', "const opened = await import('../stores/local/open.ts');"],
    ['cli/commands/backup.ts', "import { compose } from '../../daemon/compose.ts';\nimport '../render.ts';"],
    ['cli/render.ts', "// import '../stores/local/open.ts'"],
  ]);
  assert.deepEqual(findLayerProblems(tree), []);
});

const broken: readonly (readonly [what: string, file: string, text: string, problem: RegExp])[] = [
  ['an upward import', 'base/errors.ts', "import { rule } from '../rules/retention.ts';", /may not import rules/],
  ['a type-only import', 'stores/local/open.ts', "import type { S } from '../../sources/source.ts';", /may not import/],
  ['an import over several lines', 'rules/a.ts', "import {\n  b,\n  c,\n} from '../reach/reach.ts';", /may not import/],
  ['a re-export', 'rules/a.ts', "export { b } from '../engines/engine.ts';", /may not import/],
  ['a dynamic import', 'operations/a.ts', "await import('../stores/local/open.ts');", /may not import/],
  ['a worker', 'engines/restic/a.ts', "new Worker(new URL('../../stores/local/open.ts', import.meta.url));", /may not/],
  ['a sibling adapter', 'sources/sqlite/open.ts', "import '../files/walk.ts';", /its sibling sources\/files\/walk.ts/],
  ['a sibling file', 'reach/local.ts', "import './ssh/open.ts';", /its sibling reach\/ssh\/open.ts/],
  ['an adapter in a shared file', 'stores/key.ts', "import './local/open.ts';", /its sibling stores\/local\/open.ts/],
  ['a sibling command', 'cli/commands/list.ts', "import './show.ts';", /its sibling cli\/commands\/show.ts/],
  ['configuration that opens', 'config/parse.ts', "import '../stores/local/open.ts';", /may not import/],
  ['a second composer', 'daemon/scheduler.ts', "import '../stores/local/open.ts';", /only compose does/],
  ['a command that opens', 'cli/commands/list.ts', "import '../../engines/restic/open.ts';", /may not import/],
  ['a test as a library', 'base/a.ts', "import './b.test.ts';", /imports the test/],
  ['a way out of src', 'base/a.ts', "import '../../test/fixtures/tree.ts';", /outside src/],
  ['an unknown folder', 'helpers/a.ts', "import '../base/errors.ts';", /is in no layer/],
  ['the environment', 'config/read.ts', 'const home = process.env.HOME;', /touches process.env/],
  ['the clock', 'rules/retention.ts', 'const now = new Date();', /touches the clock/],
  ['random ids', 'engines/restic/a.ts', "import { createHash, randomBytes } from 'node:crypto';", /touches randomness/],
  ['randomness', 'engines/restic/a.ts', 'const id = Math.random();', /touches randomness/],
  ['the host name', 'sources/files/a.ts', 'const host = os.hostname();', /touches the host name/],
];

for (const [what, file, text, problem] of broken) {
  test(`${what} is found`, () => {
    const problems = findLayerProblems(new Map([[file, text]]));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}

test('a cycle is found once, also through type-only imports', () => {
  const tree = new Map([
    ['base/a.ts', "import type { b } from './b.ts';"],
    ['base/b.ts', "import './c.ts';"],
    ['base/c.ts', "export type { a } from './a.ts';"],
  ]);
  assert.deepEqual(findLayerProblems(tree), ['cycle: base/a.ts → base/b.ts → base/c.ts → base/a.ts']);
});

test('comments and packages are not imports', () => {
  const text = "/**\n * {@link import('../reach/reach.ts')}\n */\n// import './x.ts'\nimport { z } from 'zod';";
  assert.deepEqual(importsOf('base/a.ts', text), []);
});
