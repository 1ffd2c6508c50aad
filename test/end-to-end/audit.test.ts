import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { AuditEntry } from '../../src/operations/audit/audit-entries.ts';
import { endOf, hasEnded } from '../fixtures/child-end.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { SURETY } from '../fixtures/surety.ts';
import { until } from '../fixtures/until.ts';

describe('the audit log', () => {
  let project: Project;
  const inFolder = (...names: string[]) => join(project.folder, ...names);
  before(async () => {
    project = makeProject();
    mkdirSync(project.data);
    writeFileSync(join(project.data, 'a'), 'a');
    writeFileSync(inFolder('new-password'), 'another secret');
    await project.here.run('init');
    await project.here.run('backup');
    const { location } = await project.here.json<{ location: string }>('audit');
    logFile = join(location, '0001.jsonl');
  });
  after(() => project[Symbol.asyncDispose]());

  const entries = async (...argv: string[]): Promise<AuditEntry[]> =>
    (await project.here.json<{ entries: AuditEntry[] }>('audit', ...argv)).entries;
  let logFile = '';
  const logText = () => readFileSync(logFile, 'utf8');

  test('tells who had what done with what, and what came of it', async () => {
    await project.here.run('restore', 'latest', '--target', project.newTarget());
    const [restored, backedUp] = await entries();
    assert.deepEqual([backedUp?.command, backedUp?.state, backedUp?.end?.exitCode], ['backup', 'ended', 0]);
    const [step] = backedUp?.end?.steps ?? [];
    assert.deepEqual([step?.repository, step?.source, step?.outcome], ['vault', 'files', 'ok']);
    assert.match(step?.snapshot ?? '', /^[0-9a-f]{64}$/);
    assert.equal(restored?.command, 'restore');
    assert.deepEqual(restored?.asked, { id: 'latest', target: join(project.folder, 'targets', '1') });
    assert.equal(restored?.end?.steps[0]?.snapshot, step?.snapshot);
    assert.equal(restored?.user, userInfo().username);
    assert.match(await project.here.run('audit'), /restore id=latest target=.* ok +files\/vault/);
  });

  test('tells of what was refused, and has no line of what only looks', async () => {
    const before = (await entries()).length;
    await project.here.run('check');
    await project.here.run('cleanup', '--dry-run');
    await project.here.attempt('restore', 'latest', '--in-place');
    const now = await entries();
    assert.equal(now.length, before + 1);
    assert.deepEqual([now[0]?.end?.exitCode, now[0]?.end?.error], [2, 'restore.unconfirmed']);
    assert.match(await project.here.run('audit'), / restore id=latest --in-place /);
  });

  test('names the snapshots that are removed, before they are', async () => {
    await project.here.run('backup');
    const [backup] = await entries('--command', 'backup');
    const id = backup?.end?.steps[0]?.snapshot ?? '';
    await project.here.run('forget', id, '--force', '--allow-newest');
    const [forgot] = await entries('--command', 'forget');
    assert.deepEqual(forgot?.removed, [{ repository: 'vault', count: 1, ids: [id] }]);
    const types = logText()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ entry }) => entry === forgot?.entry)
      .map(({ type }) => type);
    assert.deepEqual(types, ['begin', 'remove', 'end']);
  });

  test('has keys by their ids and no secret, and nobody else may read it', async () => {
    const { key } = await project.here.json<{ key: string }>(
      ...(['keys', 'add', '--new-password-file', 'new-password'] as const),
    );
    const [added] = await entries('--command', 'keys');
    assert.deepEqual([added?.command, added?.asked, added?.end?.key], ['keys add', { newPasswordFile: true }, key]);
    assert.ok(!logText().includes(PASSWORD) && !logText().includes('another secret'));
    assert.equal(statSync(logFile).mode & 0o777, 0o600);
  });

  test('shows a command that was killed', async () => {
    const configuration = JSON.parse(readFileSync(inFolder('surety.yaml'), 'utf8'));
    configuration.jobs.main.hooks = { before: ['echo $$ > pid; mv pid begun; exec sleep 60'] };
    writeFileSync(inFolder('slow.yaml'), JSON.stringify(configuration));
    const env = {
      ...process.env,
      ...project.environment,
      HOME: inFolder('.home'),
      XDG_STATE_HOME: inFolder('.home/state'),
    };
    const child = spawn(SURETY, ['backup', '--config', 'slow.yaml'], { cwd: project.folder, env, stdio: 'ignore' });
    await until(() => existsSync(inFolder('begun')) || hasEnded(child), 'the backup has begun');
    const during = await entries('--config', 'slow.yaml');
    child.kill('SIGKILL');
    await endOf(child);
    process.kill(Number(readFileSync(inFolder('begun'), 'utf8')), 'SIGKILL');
    const afterwards = await entries('--config', 'slow.yaml');
    assert.deepEqual(
      [during, afterwards].map((all) => all.map(({ command, state }) => [command, state])),
      [[['backup', 'running']], [['backup', 'killed']]],
    );
  });

  test('tells where a line was changed', async () => {
    assert.match(await project.here.run('audit', '--check'), /none changed/);
    const good = logText();
    writeFileSync(logFile, good.replace('"command":"backup"', '"command":"verify"'));
    const checked = await project.here.attempt('audit', '--check');
    assert.equal(checked.code, 1);
    assert.match(checked.stdout, /0001\.jsonl line \d+ does not follow line \d+/);
    writeFileSync(logFile, good);
  });

  test('that can not be written stops what removes and changes, and nothing else', async () => {
    const blocked = makeProject();
    await using _ = blocked;
    mkdirSync(blocked.data);
    writeFileSync(join(blocked.data, 'a'), 'a');
    await blocked.here.run('init');
    const [first = ''] = globSync('.home/state/surety/*/audit/', { cwd: blocked.folder });
    // A folder in its place can not be written to, not even by root.
    mkdirSync(join(blocked.folder, first, '0002.jsonl'));
    const backup = await blocked.here.attempt('backup', '--quiet');
    assert.equal(backup.code, 0, backup.stderr);
    assert.match(backup.stderr, /warning: this run leaves no record: the audit log in .* can not be written/);
    for (const argv of [['cleanup'], ['keys', 'change', '--new-password-file', 'x']]) {
      const stopped = await blocked.here.attempt(...argv);
      assert.equal(stopped.code, 1);
      assert.match(stopped.stderr, /does nothing without a record of it/);
    }
    await blocked.here.run('restore', 'latest', '--target', blocked.newTarget());
  });
});
