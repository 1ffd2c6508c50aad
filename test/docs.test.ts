import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../src/config/parse.ts';
import { configJsonSchema, type JsonSchema } from '../src/config/schema.ts';
import { instructionsOf } from './fixtures/documented-commands.ts';
import { PAGES, SHARES, textOf } from './fixtures/documented-pages.ts';

const root = join(import.meta.dirname, '..');

test('every command that the documentation shows works: each page is in one of the files that run them', () => {
  const shares = globSync('test/documented/*.test.ts', { cwd: root }).map(
    (file) => /testPages\((\d)\)/.exec(textOf(file))?.[1],
  );
  assert.deepEqual(
    shares.sort(),
    Array.from({ length: SHARES }, (_, share) => String(share)),
  );
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

/** The names that may stand as keys in a document of this schema; names that people choose are not among them. */
function keysIn(schema: JsonSchema): Set<string> {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  const nested = [...Object.values(properties), ...anyOf, ...oneOf, ...(items === undefined ? [] : [items])];
  if (typeof additionalProperties === 'object') nested.push(additionalProperties);
  return new Set([...Object.keys(properties), ...nested.flatMap((one) => [...keysIn(one)])]);
}
