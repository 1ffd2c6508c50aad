import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';

const WRONG = 'a password of somewhere else';

/** Every way in which one of the passwords could stand in a text or a file. */
const TRACES = [PASSWORD, WRONG].flatMap((secret) => [
  Buffer.from(secret),
  ...(['hex', 'base64'] as const).map((encoding) => Buffer.from(Buffer.from(secret).toString(encoding))),
]);

const isClean = (bytes: Uint8Array): boolean => TRACES.every((trace) => !Buffer.from(bytes).includes(trace));

/** All files below the project: repository, catalog, locks and whatever else a run leaves. */
function filesOf({ folder }: Project): string[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('a password is in no output, no error and no file that a run leaves, also when it is wrong', async () => {
  await using project = makeProject();
  mkdirSync(project.data);
  writeFileSync(join(project.data, 'file'), 'content');
  const { surety } = project;
  await surety.run('init');
  const commands = [
    ['backup', '--verbose'],
    ['verify', '--verbose'],
    ['check', '--json'],
    ['keys', 'list', '--json'],
    ['restore', 'latest', '--target', project.newTarget(), '--verbose'],
  ];
  for (const command of commands) {
    const { code, stdout, stderr } = await surety.attempt(...command);
    assert.equal(code, 0, stderr);
    assert.ok(isClean(Buffer.from(stdout + stderr)), command.join(' '));
  }
  const config = join(project.folder, 'surety.yaml');
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('{\n        "env": "VAULT_PASSWORD"\n      }', `"${WRONG}"`),
  );
  const refused = await surety.attempt('backup', '--verbose');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /password/);
  assert.ok(isClean(Buffer.from(refused.stdout + refused.stderr)));
  const files = filesOf(project).filter((path) => path !== config);
  assert.ok(files.some((path) => path.endsWith('catalog.db')) && files.some((path) => path.includes('/snapshots/')));
  for (const path of files) assert.ok(isClean(readFileSync(path)), path);
});
