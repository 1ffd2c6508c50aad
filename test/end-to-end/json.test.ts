import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeProject, type Project } from '../fixtures/project.ts';

const ROWS = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'scripts.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'));

/** Fields that the page says the command has. What is in brackets is below them, what comes after a colon elsewhere. */
function documented(argv: string): string[] {
  const row = ROWS.find((line) => new RegExp(`^\\| [^|]*\`${argv.split(/ (?:-|latest|f)/)[0]}\``).test(line)) ?? '';
  const [, command = '', fields = ''] = row.split('|');
  if (command.includes(',')) return [];
  const [own = ''] = fields.replaceAll(/\([^()]*\)/g, '').split(/[;:]/);
  return [...own.matchAll(/`(\w+)`/g)].flatMap(([, name]) => name ?? []);
}

describe('--json', () => {
  let project: Project;
  before(async () => {
    project = makeProject();
    mkdirSync(project.data);
    writeFileSync(join(project.data, 'a'), 'a');
    writeFileSync(join(project.folder, 'new-password'), 'new');
    await project.here.run('init');
  });
  after(() => project[Symbol.asyncDispose]());

  /** Verb of the document, the command and its exit code. In this order each finds what it needs. */
  const commands: readonly (readonly [verb: string, argv: string, code: number])[] = [
    ['init', 'init', 0],
    ['config check', 'config check', 0],
    ['check', 'check', 0],
    ['backup', 'backup', 0],
    ['list', 'list', 0],
    ['status', 'status', 0],
    ['audit', 'audit --check', 0],
    ['show', 'show latest --entries', 0],
    ['verify', 'verify --read-data', 0],
    ['verify', 'verify latest --source files', 0],
    ['restore', 'restore latest --target restored', 0],
    ['restore', 'restore latest --target restored', 1],
    ['restore', 'restore latest --in-place', 2],
    ['cleanup', 'cleanup --dry-run', 0],
    ['cleanup', 'cleanup', 0],
    ['keys list', 'keys list', 0],
    ['keys add', 'keys add --new-password-file new-password', 0],
    ['keys remove', 'keys remove ffffffff', 1],
    ['keys change', 'keys change', 2],
    ['unlock', 'unlock', 0],
    ['repair index', 'repair index', 0],
    ['catalog rebuild', 'catalog rebuild', 0],
    ['backup', 'backup nothing', 2],
    ['show', 'show 0123abcd', 1],
  ];

  for (const [verb, argv, code] of commands) {
    test(`"surety ${argv}" prints one document and nothing else, with exit code ${code}`, async () => {
      const done = await project.here.attempt(...argv.split(' '), '--json', '--no-progress');
      assert.equal(done.code, code, done.stdout + done.stderr);
      const document = JSON.parse(done.stdout);
      assert.equal(document.verb, verb);
      assert.equal(document.outcome, code === 0 ? 'ok' : 'failed');
      assert.equal(done.stderr, '');
      if (code === 0) for (const field of documented(argv)) assert.ok(field in document, `${argv} has ${field}`);
      if (code !== 2) return;
      assert.match(document.error.code, /^[a-z-]+\.[a-z-]+$/);
      assert.ok(document.error.message.length > 0 && document.error.hint.length > 0);
    });
  }

  test('config schema is a JSON Schema', async () => {
    const schema = await project.here.json<{ $schema: string; properties: object }>('config', 'schema');
    assert.match(schema.$schema, /json-schema\.org/);
    assert.ok('repositories' in schema.properties);
  });
});
