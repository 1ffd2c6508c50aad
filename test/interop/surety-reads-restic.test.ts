import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise, prose } from '../fixtures/content.ts';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { initRestic, type ResticSnapshot } from '../fixtures/restic.ts';
import { RESTIC_LIMITS } from '../fixtures/restic-limits.ts';
import { runProgram } from '../fixtures/run-program.ts';
import { makeNastyTree } from '../fixtures/tree.ts';

for (const version of ['1', '2']) {
  describe(`Surety on a repository of format ${version} that real restic writes`, {
    skip: skipWithout('restic'),
  }, () => {
    let project: Project;

    before(async () => {
      project = makeProject();
      makeNastyTree(project.data);
      await initRestic(project.repository, PASSWORD, '--repository-version', version);
      await project.restic.run('backup', '--tag', 'by-hand', project.data);
    });

    after(() => project[Symbol.asyncDispose]());

    test('lists its snapshot', async () => {
      const [snapshot] = await project.restic.json<ResticSnapshot[]>('snapshots');
      const listed = await project.here.run('list', '--json');
      assert.ok(listed.includes(snapshot?.id ?? 'no snapshot'));
      assert.ok(listed.includes('by-hand'));
    });

    test('verifies every byte', async () => {
      await project.here.run('verify', '--read-data');
    });

    test('restores the tree equal', async () => {
      const target = project.newTarget();
      await project.here.run('restore', 'latest', '--target', target);
      assert.deepEqual(compareTrees(project.data, join(target, project.data), { ...RESTIC_LIMITS, sparse: true }), []);
    });

    test('restores a part of it', async () => {
      const target = project.newTarget();
      await project.here.run('restore', 'latest', '--target', target, '--path', join(project.data, 'links'));
      assert.deepEqual(compareTrees(join(project.data, 'links'), join(target, project.data, 'links')), []);
    });

    // What is in a key does not depend on the format, and restic takes seconds to make one.
    if (version === '1') return;
    test('opens it with a password that restic added', async () => {
      const file = join(project.folder, 'second password');
      writeFileSync(file, 'another password\n');
      await project.restic.run('key', 'add', '--new-password-file', file);
      const configuration = readFileSync(join(project.folder, 'surety.yaml'), 'utf8');
      const other = configuration.replace('"env": "VAULT_PASSWORD"', `"file": ${JSON.stringify(file)}`);
      writeFileSync(join(project.folder, 'other.yaml'), other);
      await project.surety.run('--config', 'other.yaml', 'list');
    });
  });
}

describe('Surety on what restic stores in other ways', { skip: skipWithout('restic') }, () => {
  test('restores a stream that restic read from its standard input', async () => {
    await using project = makeProject();
    await initCheaply(await openLocalStore({ path: project.repository, create: true }), PASSWORD);
    const dump = prose(11, 5_000_000);
    const env = { RESTIC_REPOSITORY: project.repository, RESTIC_PASSWORD: PASSWORD };
    const argv = [locate('restic') ?? 'restic', 'backup', '--stdin', '--stdin-filename', 'dump.sql'];
    assert.equal((await runProgram(argv, { env, stdin: dump })).code, 0);
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--target', target);
    assert.ok(readFileSync(join(target, 'dump.sql')).equals(dump));
  });

  for (const compression of ['off', 'max']) {
    test(`verifies and restores with compression ${compression}`, async () => {
      await using project = makeProject();
      await initCheaply(await openLocalStore({ path: project.repository, create: true }), PASSWORD);
      mkdirSync(project.data);
      writeFileSync(join(project.data, 'text'), prose(12, 3_000_000));
      writeFileSync(join(project.data, 'noise'), noise(13, 1_000_000));
      await project.restic.run('backup', '--compression', compression, project.data);
      await project.here.run('verify', '--read-data');
      const target = project.newTarget();
      await project.here.run('restore', 'latest', '--target', target);
      assert.deepEqual(compareTrees(project.data, join(target, project.data)), []);
    });
  }
});
