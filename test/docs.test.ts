import assert from 'node:assert/strict';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../src/config/parse.ts';
import { configJsonSchema, type JsonSchema } from '../src/config/schema.ts';
import { CEPH_PROGRAMS } from './fixtures/ceph-server.ts';
import { type Instruction, instructionsOf, scriptOf } from './fixtures/documented-commands.ts';
import { type Program, skipWithout } from './fixtures/programs.ts';
import { expectSuccess } from './fixtures/run-program.ts';
import { SURETY } from './fixtures/surety.ts';

const root = join(import.meta.dirname, '..');
const PAGES = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).sort()];
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

describe('every command that the documentation shows works', { skip: skipWithout('restic'), concurrency: 2 }, () => {
  for (const page of PAGES) {
    const instructions = instructionsOf(textOf(page));
    if (!instructions.some(({ kind }) => kind === 'run')) continue;
    test(page, { skip: skipWithout(...serversOf(instructions)) }, async () => {
      await using home = newHome();
      const env = { HOME: home.path, PATH: `${home.bin}:${process.env.PATH}`, CHECKOUT: root, USER: 'reader' };
      writeFileSync(join(home.bin, 'page.sh'), scriptOf(instructions, page));
      await expectSuccess(['bash', join(home.bin, 'page.sh')], { cwd: home.path, env });
    });
  }
});

test('every shell block is run or says why not', () => {
  for (const page of PAGES) {
    const unknown = instructionsOf(textOf(page)).filter(({ kind }) => kind === 'unknown');
    assert.deepEqual(
      unknown.map(({ line }) => `${page}:${line}`),
      [],
    );
  }
});

test('commands for the checkout name scripts that exist', () => {
  const { scripts } = JSON.parse(textOf('package.json'));
  const shown = PAGES.flatMap((page) => instructionsOf(textOf(page)).filter(({ kind }) => kind === 'checkout'));
  for (const { text } of shown) {
    for (const [, name = ''] of text.matchAll(/\bnpm (?:run )?([a-z]+)/g)) {
      assert.ok(name === 'install' || name in scripts, `npm run ${name}`);
    }
  }
});

test('every configuration that the documentation shows is valid', () => {
  for (const page of PAGES) {
    for (const { kind, name, text } of instructionsOf(textOf(page))) {
      if (kind !== 'file' || !name.endsWith('surety.yaml')) continue;
      const config = parseConfig({ file: `/etc/${name}`, shownAs: page, text, mode: 0o600 });
      assert.ok(config.repositories.length > 0);
    }
  }
});

test('the strategy to begin with is what its table says', () => {
  const page = 'docs/schedules-and-strategies.md';
  const platform = instructionsOf(textOf(page)).find(({ name }) => name === 'platform/surety.yaml');
  const text = platform?.text ?? '';
  const { jobs, maintenance } = parseConfig({ file: '/etc/surety.yaml', shownAs: page, text, mode: 0o600 });
  const hereAndAway = ['here', 'away'];
  assert.deepEqual(
    jobs.map(({ name, sources, to, schedule, keep }) => [name, sources, to, schedule, keep]),
    [
      ['database', ['database'], hereAndAway, '0 2 * * *', { daily: 7, weekly: 4, monthly: 12 }],
      ['files', ['files'], hereAndAway, '0 3 * * 0', { weekly: 4, monthly: 12 }],
      ['everything', ['database', 'files'], ['away'], '0 4 1 * *', { monthly: 12 }],
    ],
  );
  assert.deepEqual(
    maintenance.map(({ verb, schedule, args }) => [verb, schedule, args]),
    [
      ['cleanup', '0 5 * * 0', ['cleanup']],
      ['verify', '0 6 * * *', ['verify', '--days', '7', '--read-data']],
    ],
  );
  for (const { schedule = '' } of jobs) assert.ok(textOf(page).includes(`| \`${schedule}\` |`), schedule);
});

test('every key of the configuration is in its reference', () => {
  // The options of a store are on a page of its own.
  const stores = ['s3', 'azure', 'gcs', 'sftp'].map((name) => `docs/${name}.md`).filter((page) => PAGES.includes(page));
  const reference = ['docs/configuration.md', ...stores].map(textOf).join('\n');
  const missing = [...keysIn(configJsonSchema())].filter((key) => !reference.includes(`\`${key}\``));
  assert.deepEqual(missing, []);
});

test('every error code in the documentation exists', () => {
  const source = globSync('src/**/*.ts', { cwd: root }).map(textOf).join('\n');
  const shown = [...textOf('docs/troubleshooting.md').matchAll(/`([a-z]+\.[a-z-]+)`/g)].map((match) => match[1] ?? '');
  const ours = shown.filter((code) => !code.endsWith('.yaml'));
  assert.deepEqual(
    ours.filter((code) => !source.includes(`'${code}'`)),
    [],
  );
});

test('every test that the list of capabilities names exists', () => {
  const named = [...textOf('docs/capabilities.md').matchAll(/`([^`\s]+\.ts)`(?: › "([^"]+)")?/g)];
  assert.ok(named.length > 40);
  for (const [, file = '', title = ''] of named) {
    assert.ok(existsSync(join(root, file)), file);
    assert.ok(textOf(file).includes(title), `${file} has no test "${title}"`);
  }
});

test('every link between pages leads somewhere', () => {
  for (const page of [...PAGES, 'ARCHITECTURE.md', 'GLOSSARY.md', 'CHANGELOG.md']) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`);
    }
  }
});

/** Servers that a page starts for itself. */
function serversOf(instructions: readonly Instruction[]): Program[] {
  const setup = instructions.filter(({ kind }) => kind === 'setup').map(({ text }) => text);
  const named = (['mariadbd', 'pg_ctl'] as const).filter((program) => setup.some((text) => text.includes(program)));
  return setup.some((text) => text.includes('serve-ceph.ts')) ? [...named, ...CEPH_PROGRAMS] : named;
}

/** The names that may stand as keys in a document of this schema; names that people choose are not among them. */
function keysIn(schema: JsonSchema): Set<string> {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  const nested = [...Object.values(properties), ...anyOf, ...oneOf, ...(items === undefined ? [] : [items])];
  if (typeof additionalProperties === 'object') nested.push(additionalProperties);
  return new Set([...Object.keys(properties), ...nested.flatMap((one) => [...keysIn(one)])]);
}

/** A home folder as a newcomer has it, with `surety` on the PATH. */
function newHome(): AsyncDisposable & { readonly path: string; readonly bin: string } {
  const path = mkdtempSync(join(tmpdir(), 'surety-docs-'));
  const bin = join(path, '.local', 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(SURETY, join(bin, 'surety'));
  mkdirSync(join(path, 'documents'));
  writeFileSync(join(path, 'documents', 'letter.txt'), 'Dear reader\n');
  return { path, bin, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true }) };
}
