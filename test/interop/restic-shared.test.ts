import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise, prose } from '../fixtures/content.ts';
import { holdLock } from '../fixtures/hold.ts';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import type { ResticSnapshot } from '../fixtures/restic.ts';
import { SURETY } from '../fixtures/surety.ts';

const BUSY = 4;
const restic = locate('restic') ?? 'restic';

describe('Surety and real restic on one repository', { skip: skipWithout('restic') }, () => {
  let project: Project;
  const states: string[] = [];

  before(async () => {
    project = makeProject();
    mkdirSync(project.data);
    for (let file = 0; file < 200; file++) writeFileSync(join(project.data, `file-${file}`), prose(file, 20_000));
    writeFileSync(join(project.data, 'large'), noise(1000, 24_000_000));
    await project.here.run('init');
  });

  after(() => project[Symbol.asyncDispose]());

  /** Changes the tree and keeps a copy of how it is now. */
  const nextState = () => {
    const number = states.length;
    writeFileSync(join(project.data, `file-${number * 3}`), prose(500 + number, 30_000));
    writeFileSync(join(project.data, `added-${number}`), noise(600 + number, 100_000));
    const copy = join(project.folder, `state-${number}`);
    cpSync(project.data, copy, { recursive: true, preserveTimestamps: true });
    states.push(copy);
  };

  test('append in turn, and each restores what the other wrote', async () => {
    for (const program of ['surety', 'restic', 'surety', 'restic']) {
      nextState();
      await (program === 'surety' ? project.here.run('backup') : project.restic.run('backup', project.data));
    }
    const snapshots = await project.restic.json<ResticSnapshot[]>('snapshots');
    assert.equal(snapshots.length, 4);
    for (const [index, snapshot] of snapshots.entries()) {
      const [ours, theirs] = [project.newTarget(), project.newTarget()];
      await project.here.run('restore', snapshot.id, '--target', ours);
      await project.restic.run('restore', snapshot.id, '--target', theirs);
      const wanted = states[index] ?? '';
      assert.deepEqual(compareTrees(wanted, join(ours, project.data), { times: false }), []);
      assert.deepEqual(compareTrees(join(theirs, project.data), join(ours, project.data)), []);
    }
    await project.restic.run('check', '--read-data');
    await project.here.run('verify', '--read-data');
  });

  test('what one has stored the other does not store again', async () => {
    const packs = readdirSync(join(project.repository, 'data'), { recursive: true }).length;
    await project.here.run('backup');
    await project.restic.run('backup', project.data);
    const more = readdirSync(join(project.repository, 'data'), { recursive: true }).length - packs;
    assert.ok(more <= 6, `${more} new packs for nothing new`);
  });

  const resticEnv = () => ({ RESTIC_REPOSITORY: project.repository, RESTIC_PASSWORD: PASSWORD });

  test('while restic checks, a backup by Surety says that the repository is busy', async () => {
    await using held = await holdLock([restic, 'check', '--read-data'], project.repository, { env: resticEnv() });
    const refused = await project.here.attempt('backup');
    assert.equal(refused.code, BUSY, refused.stderr);
    assert.match(refused.stdout + refused.stderr, new RegExp(`\\b${held.pid}\\b`));
    assert.equal(await held.release(), 0);
    await project.here.run('backup');
  });

  test('while restic backs up, Surety backs up beside it but does not prune', async () => {
    const argv = [restic, 'backup', '--force', project.data];
    await using held = await holdLock(argv, project.repository, { env: resticEnv() });
    await project.here.run('backup');
    const refused = await project.here.attempt('cleanup');
    assert.equal(refused.code, BUSY, refused.stderr);
    assert.equal(await held.release(), 0);
    await project.restic.run('check');
  });

  test('while Surety backs up, restic backs up beside it but does not prune', async () => {
    const how = {
      cwd: project.folder,
      env: { VAULT_PASSWORD: PASSWORD, XDG_STATE_HOME: join(project.folder, '.other') },
    };
    await using held = await holdLock([SURETY, 'backup', '--read-all'], project.repository, how);
    await project.restic.run('backup', project.data);
    const refused = await project.restic.attempt('prune');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /already locked/);
    assert.equal(await held.release(), 0);
    await project.restic.run('check');
  });

  test('a lock that a killed restic left behind stops nobody', async () => {
    const held = await holdLock([restic, 'check', '--read-data'], project.repository, { env: resticEnv() });
    await held.kill();
    await project.here.run('backup');
    await project.here.run('cleanup');
    assert.deepEqual(readdirSync(join(project.repository, 'locks')), []);
  });
});
