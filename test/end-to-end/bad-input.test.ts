import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { runProgram } from '../fixtures/run-program.ts';
import { SURETY, type Surety, suretyIn } from '../fixtures/surety.ts';

interface ErrorDocument {
  readonly outcome: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

/** The error that a command ends with, as people and as scripts see it. */
async function failureOf(surety: Surety, ...args: string[]) {
  const text = await surety.attempt(...args);
  const json = await surety.attempt(...args, '--json');
  assert.equal(json.code, text.code);
  assert.equal(json.stderr.includes('hint:'), false);
  const { error } = JSON.parse(json.stdout) as ErrorDocument;
  assert.equal(text.stdout, '');
  assert.ok(text.stderr.startsWith(`surety: ${error.message}\n`), text.stderr);
  return { exitCode: text.code, ...error };
}

describe('bad input', () => {
  let project: Project;
  let id = '';

  before(async () => {
    project = makeProject();
    mkdirSync(join(project.data, 'sub'), { recursive: true });
    writeFileSync(join(project.data, 'sub', 'a'), 'content of a');
    await project.here.run('init');
    await project.here.run('backup');
    const list = await project.here.json<{ repositories: { snapshots: { id: string }[] }[] }>('list');
    id = list.repositories[0]?.snapshots[0]?.id ?? '';
  });

  after(() => project[Symbol.asyncDispose]());

  test('an unknown snapshot id names the nearest', async () => {
    const near = id.slice(0, 7) + (id[7] === '0' ? '1' : '0');
    const error = await failureOf(project.here, 'show', near);
    assert.deepEqual([error.exitCode, error.code], [1, 'snapshot.unknown']);
    assert.ok(error.hint.includes(id.slice(0, 8)), error.hint);
  });

  test('a home where nothing can be made costs the history, not the backup, and ends', async () => {
    const env = { ...project.environment, HOME: '/proc/none', XDG_CACHE_HOME: '', XDG_STATE_HOME: '/proc/none' };
    const done = await suretyIn(project.folder, { env, timeoutMs: 60_000 }).attempt('backup');
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /the history of this run is not kept/);
  });

  test('output that can not be written is a failure, a reader that went away is none', async () => {
    const { environment: env, folder: cwd } = project;
    const full = await runProgram(['sh', '-c', 'exec "$0" list --json > /dev/full', SURETY], { env, cwd });
    assert.deepEqual([full.code, full.stdout], [1, '']);
    assert.match(full.stderr, /^surety: the output can not be written: ENOSPC/);
    const gone = await runProgram(['bash', '-c', 'set -o pipefail; "$0" list --json | true', SURETY], { env, cwd });
    assert.deepEqual([gone.code, gone.stderr], [0, '']);
  });

  test('nothing is restored into a repository, whatever leads there', async () => {
    symlinkSync('vault', join(project.folder, 'link'));
    for (const target of [project.repository, join(project.repository, 'new'), join(project.folder, 'link', 'data')]) {
      const restore = ['restore', 'latest', '--target', target, '--conflict', 'overwrite', '--force'];
      const error = await failureOf(project.here, ...restore);
      assert.deepEqual([error.exitCode, error.code], [1, 'target.in-repository']);
    }
    assert.deepEqual(readdirSync(project.repository).includes('new'), false);
  });

  test('a target that is not empty is refused and left as it is', async () => {
    const target = project.newTarget();
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), 'precious');
    const done = await project.here.attempt('restore', 'latest', '--target', target);
    assert.equal(done.code, 1);
    assert.match(done.stdout, /the target .* is not empty\n +hint: /);
    assert.deepEqual(readdirSync(target), ['mine']);
  });

  test('a target that is not empty takes a policy: skip touches nothing, overwrite needs a word', async () => {
    const target = project.newTarget();
    const file = join(target, project.data, 'sub', 'a');
    await project.here.run('restore', 'latest', '--target', target);
    writeFileSync(file, 'changed');
    await project.here.run('restore', 'latest', '--target', target, '--conflict', 'skip');
    assert.equal(readFileSync(file, 'utf8'), 'changed');
    const refused = await failureOf(project.here, 'restore', 'latest', '--target', target, '--conflict', 'overwrite');
    assert.deepEqual([refused.exitCode, refused.code], [2, 'restore.unconfirmed']);
    assert.equal(readFileSync(file, 'utf8'), 'changed');
    await project.here.run('restore', 'latest', '--target', target, '--force');
    assert.equal(readFileSync(file, 'utf8'), 'content of a');
  });

  test('a path that is not in the snapshot is an error, and nothing is written', async () => {
    const target = project.newTarget();
    const done = await project.here.attempt('restore', 'latest', '--target', target, '--path', 'sub/nothing', '--json');
    assert.equal(done.code, 1);
    const document = JSON.parse(done.stdout) as { items: { error: { code: string; hint: string } }[] };
    assert.equal(document.items[0]?.error.code, 'snapshot.path-missing');
    assert.notEqual(document.items[0]?.error.hint, '');
    assert.equal(readdirSync(join(project.folder, 'targets')).includes(target.split('/').at(-1)!), false);
  });

  test('a wrong password is an error that says so', async () => {
    const wrong = suretyIn(project.folder, { env: { VAULT_PASSWORD: 'wrong' } });
    const done = await wrong.attempt('list', '--json');
    assert.equal(done.code, 1);
    const document = JSON.parse(done.stdout) as { repositories: { error: { code: string } }[] };
    assert.equal(document.repositories[0]?.error.code, 'repository.wrong-password');
    const missing = suretyIn(project.folder);
    assert.match(
      (await missing.attempt('list')).stdout,
      /variable VAULT_PASSWORD .* is not set\n +hint: set VAULT_PASSWORD/,
    );
  });

  test('a repository without write permission fails the backup and stores nothing', {
    skip: skipUnlessRoot(),
  }, async () => {
    const folder = project.folder;
    chmodSync(folder, 0o755);
    const home = join(folder, 'home-of-nobody');
    mkdirSync(home);
    chmodSync(home, 0o777);
    const argv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', SURETY, 'backup'];
    const env = { VAULT_PASSWORD: 'correct horse battery staple', HOME: home, XDG_STATE_HOME: home };
    const before = readdirSync(join(project.repository, 'snapshots'));
    for (const part of ['', 'config', 'keys', 'snapshots', 'index', 'data', 'locks'])
      chmodSync(join(project.repository, part), 0o755);
    for (const part of ['keys', 'snapshots', 'index']) {
      for (const name of readdirSync(join(project.repository, part)))
        chmodSync(join(project.repository, part, name), 0o644);
    }
    const done = await runProgram(argv, { cwd: folder, env });
    assert.equal(done.code, 1, done.stderr + done.stdout);
    assert.match(done.stdout, /failed +files → vault\n.*permission denied/i);
    assert.match(done.stdout, /hint: /);
    assert.deepEqual(readdirSync(join(project.repository, 'snapshots')), before);
  });

  test('a source that is missing fails, others are backed up all the same, and the exit code says so', async () => {
    await using other = makeProject({ sources: { gone: { type: 'files', paths: ['does-not-exist'] } } });
    mkdirSync(other.data);
    writeFileSync(join(other.data, 'a'), 'a');
    await other.here.run('init');
    const done = await other.here.attempt('backup');
    assert.equal(done.code, 1);
    assert.match(done.stdout, /ok +files → vault/);
    assert.match(done.stdout, /failed +gone → vault\n.*does-not-exist/);
    assert.match(done.stdout, /is not complete: 1 of 2 failed/);
    const list = await other.here.json<{ repositories: { points: { complete: boolean }[] }[] }>('list');
    assert.deepEqual(
      list.repositories[0]?.points.map(({ complete }) => complete),
      [false],
    );
  });

  test('a mistake in the configuration is shown with file, line and column', async () => {
    await using other = makeProject();
    writeFileSync(
      join(other.folder, 'surety.yaml'),
      'repositories:\n  vault: { type: restic, store: file:vault, password: { env: P } }\njobs:\n  main: { sources: all, to: [valut] }\n',
    );
    const error = await failureOf(other.here, 'backup');
    assert.deepEqual([error.exitCode, error.code], [2, 'config.invalid']);
    assert.match(
      error.message,
      /^surety\.yaml:4:\d+ jobs\.main\.to\[0\]: there is no repository named valut; did you mean vault$/m,
    );
    assert.equal((await other.here.attempt('config', 'check')).code, 2);
  });

  test('names on the command line that are not in the configuration are errors with a suggestion', async () => {
    const job = await failureOf(project.here, 'backup', 'mian');
    assert.deepEqual([job.exitCode, job.code, job.hint], [2, 'config.unknown-name', 'did you mean main']);
    const repository = await failureOf(project.here, 'list', '--repository', 'volt');
    assert.deepEqual([repository.exitCode, repository.code], [2, 'config.unknown-name']);
    const source = await failureOf(project.here, 'backup', 'files');
    assert.deepEqual(
      [source.code, source.hint],
      ['config.unknown-name', 'files is a source: surety backup --source files'],
    );
    const wrongly = await failureOf(project.here, 'backup', '--source', 'main');
    assert.deepEqual([wrongly.code, wrongly.hint], ['config.unknown-name', 'main is a job: surety backup main']);
  });

  test('without a configuration every command says how to get one', async () => {
    const empty = suretyIn(project.newTarget().replace(/[^/]+$/, ''));
    const error = await failureOf(empty, 'backup');
    assert.deepEqual([error.exitCode, error.code], [2, 'config.missing']);
    assert.match(error.hint, /surety init/);
  });
});

test('a latest that is dated in the future is restored with a warning', { skip: skipWithout('restic') }, async () => {
  await using project = makeProject();
  mkdirSync(project.data);
  writeFileSync(join(project.data, 'a'), 'old');
  await project.here.run('init');
  const made = ['--time', '2200-01-01 00:00:00', '--host', hostname(), '--tag', 'surety,source=files'];
  await project.restic.run('backup', '--quiet', ...made, project.data);
  writeFileSync(join(project.data, 'a'), 'newer');
  await project.here.run('backup');
  const done = await project.here.attempt('restore', 'latest', '--source', 'files', '--target', project.newTarget());
  assert.match(done.stderr, /^warning: the latest, [0-9a-f]{8}, is dated 2200-01-01T00:00:00.000Z, in the future/m);
  const now = ['restore', 'latest', '--source', 'files', '--at', 'now', '--target', project.newTarget()];
  assert.equal((await project.here.attempt(...now)).stderr, '');
});
