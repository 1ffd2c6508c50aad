import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hasEnded } from '../fixtures/child-end.ts';
import { noise } from '../fixtures/content.ts';
import { holdLock } from '../fixtures/hold.ts';
import { childEnvironment } from '../fixtures/programs.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { SURETY } from '../fixtures/surety.ts';
import { until } from '../fixtures/until.ts';

const KIB = 1024;

describe('runs that are interrupted or meet each other', () => {
  let project: Project;
  let env: Record<string, string> = {};

  before(async () => {
    project = makeProject();
    mkdirSync(project.data);
    for (let number = 0; number < 40; number++) {
      writeFileSync(join(project.data, `file ${number}`), noise(number, 1500 * KIB));
    }
    const home = join(project.folder, '.home');
    env = { HOME: home, XDG_STATE_HOME: join(home, 'state'), VAULT_PASSWORD: PASSWORD };
    await project.here.run('init');
    await project.here.run('backup');
  });

  after(() => project[Symbol.asyncDispose]());

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} ends a backup cleanly with 130, and leaves a repository that is whole and without locks`, async () => {
      const known = readdirSync(join(project.repository, 'snapshots'));
      const child = spawn(SURETY, ['backup', '--json', '--read-all'], {
        cwd: project.folder,
        env: childEnvironment(env),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let out = '';
      child.stdout.on('data', (piece) => {
        out += piece;
      });
      const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
      const isLocked = () => readdirSync(join(project.repository, 'locks')).length > 0;
      await until(() => isLocked() || hasEnded(child), 'the backup has its lock', { everyMs: 2 });
      child.kill(signal);
      assert.equal(await ended, 130);
      const document = JSON.parse(out);
      assert.equal(document.outcome, 'interrupted');
      assert.equal(document.runs[0].members[0].error.code, 'run.interrupted');
      assert.deepEqual(readdirSync(join(project.repository, 'snapshots')), known);
      assert.deepEqual(readdirSync(join(project.repository, 'locks')), []);
      await project.here.run('verify', '--read-data');
    });
  }

  test('a second run of the same job on this machine is busy at once, and the first is not disturbed', async () => {
    await using first = await holdLock([SURETY, 'backup', '--read-all'], project.repository, {
      cwd: project.folder,
      env,
    });
    const second = await project.surety.attempt('backup', '--json');
    assert.equal(second.code, 4, second.stdout + second.stderr);
    assert.equal(JSON.parse(second.stdout).error.code, 'run.busy');
    assert.equal(await first.release(), 0);
    assert.equal((await project.surety.attempt('backup')).code, 0);
  });

  test('two backups of different configurations into one repository at once both succeed', async () => {
    const other = join(project.folder, 'other.yaml');
    copyFileSync(join(project.folder, 'surety.yaml'), other);
    const before = readdirSync(join(project.repository, 'snapshots')).length;
    writeFileSync(join(project.data, 'new'), noise(99, 3000 * KIB));
    const both = await Promise.all([
      project.surety.attempt('backup', '--read-all'),
      project.surety.attempt('backup', '--read-all', '--config', other),
    ]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
      both.map(({ stdout, stderr }) => stdout + stderr).join('\n'),
    );
    assert.equal(readdirSync(join(project.repository, 'snapshots')).length, before + 2);
    assert.match(await project.here.run('verify', '--read-data'), /no problems/);
  });

  test('cleanup beside a running backup is busy rather than harmful', async () => {
    await using first = await holdLock([SURETY, 'backup', '--read-all'], project.repository, {
      cwd: project.folder,
      env,
    });
    const cleanup = await project.here.attempt('cleanup', '--max-unused', '0%');
    assert.equal(await first.release(), 0);
    assert.ok(cleanup.code === 0 || cleanup.code === 4, cleanup.stdout + cleanup.stderr);
    assert.match(await project.here.run('verify', '--read-data'), /no problems/);
  });

  test('a reader that goes away does not break the output of a command', async () => {
    const shell = spawn('sh', ['-c', `"${SURETY}" show latest --entries | head -n 1; echo "code $?"`], {
      cwd: project.folder,
      env: childEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    shell.stdout.on('data', (piece) => {
      out += piece;
    });
    shell.stderr.on('data', (piece) => {
      err += piece;
    });
    await new Promise((resolve) => shell.on('close', resolve));
    assert.match(out, /^snapshot [0-9a-f]{8} of files\ncode 0\n$/);
    assert.equal(err, '');
  });
});
