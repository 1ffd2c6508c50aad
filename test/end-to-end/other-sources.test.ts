import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { childEnvironment, skipWithout } from '../fixtures/programs.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { SURETY } from '../fixtures/surety.ts';

const skip = skipWithout('restic');
const TOKEN = 'ledger-token-7f3a';
const DUMP = '-- MySQL dump 10.13  Distrib 8.0.36\n-- Server version\t8.0.36\n-- Dump completed on 2026-11-20\n';

/** A project with these sources besides its tree of files. */
async function prepared(sources: Record<string, unknown>): Promise<Project> {
  const project = makeProject({ sources });
  mkdirSync(project.data);
  writeFileSync(join(project.data, 'a.txt'), 'a');
  await project.here.run('init');
  return project;
}

interface Member {
  readonly source: string;
  readonly kind: string;
  readonly outcome: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

/** A backup of everything: its exit code, and what became of each source. */
async function backUp({ here: surety }: Project) {
  const { code, stdout, stderr } = await surety.attempt('backup', '--json');
  const [run] = (JSON.parse(stdout) as { runs: { members: Member[] }[] }).runs;
  const member = (source: string) => {
    const found = run?.members.find((one) => one.source === source);
    assert.ok(found, `${source} is in no run: ${stdout}${stderr}`);
    return found;
  };
  return { code, member };
}

const read = (project: Project, name: string) => readFileSync(join(project.folder, name), 'utf8');

function putDump(project: Project, name: string, content: string | Uint8Array, ageHours: number): string {
  const path = join(project.folder, 'dumps', name);
  mkdirSync(join(project.folder, 'dumps'), { recursive: true });
  writeFileSync(path, content);
  const time = new Date(Date.now() - ageHours * 3_600_000);
  utimesSync(path, time, time);
  return path;
}

test('a command is backed up and restored by its commands, and as a file; its secret is nowhere', {
  skip,
}, async () => {
  await using project = await prepared({
    ledger: {
      ...{ type: 'command', name: 'ledger.txt', backup: 'test "$TOKEN" && seq 1 200000' },
      ...{ restore: ['sh', '-c', 'cat > restored; printf %s "$TOKEN" | wc -c > length'] },
      ...{ expect: { starts_with: '1', ends_with: '200000' }, env: { TOKEN: { file: 'token' } } },
    },
    plain: { type: 'command', backup: 'echo x' },
  });
  writeFileSync(join(project.folder, 'token'), TOKEN, { mode: 0o600 });
  const { code: ended, stdout: out, stderr: err } = await project.here.attempt('backup', '--verbose');
  assert.equal(ended, 0, err);
  assert.ok(!(out + err).includes(TOKEN));
  for (const file of readdirSync(project.folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.name === 'token') continue;
    const path = join(file.parentPath, file.name);
    assert.ok(!readFileSync(path).includes(TOKEN), path);
  }
  await project.here.run('restore', 'latest', '--source', 'ledger', '--in-place', '--force');
  const expected = Array.from({ length: 200_000 }, (_, at) => `${at + 1}\n`).join('');
  assert.ok(read(project, 'restored') === expected);
  assert.equal(read(project, 'length').trim(), String(TOKEN.length));
  const target = project.newTarget();
  await project.here.run('restore', 'latest', '--source', 'ledger', '--target', target);
  assert.ok(readFileSync(join(target, 'ledger.txt'), 'utf8') === expected);
  const without = ['restore', 'latest', '--source', 'plain', '--in-place', '--force'];
  const { code, stdout, stderr } = await project.here.attempt(...without);
  assert.equal(code, 1);
  assert.match(stdout + stderr, /no restore command.*\n.*--target DIR/);
});

test('configuration files keep their modes and are restored before what needs them', { skip }, async () => {
  await using project = await prepared({
    ledger: { type: 'command', backup: 'cat etc/.env', restore: 'cat etc/.env > seen; cat > restored' },
    deployment: { type: 'files', paths: ['etc'], role: 'config' },
  });
  const etc = join(project.folder, 'etc');
  mkdirSync(etc);
  writeFileSync(join(etc, '.env'), 'TOKEN=1\n', { mode: 0o600 });
  const { runs } = await project.here.json<{ runs: { recoveryPoint: string }[] }>('backup');
  rmSync(etc, { recursive: true });
  await project.here.run('restore', runs[0]?.recoveryPoint ?? '', '--in-place', '--force');
  assert.deepEqual([read(project, 'seen'), read(project, 'restored')], ['TOKEN=1\n', 'TOKEN=1\n']);
  assert.equal(statSync(join(etc, '.env')).mode & 0o777, 0o600);
});

test('output that is not whole and dumps that are too old fail the run and make no snapshot', { skip }, async () => {
  await using project = await prepared({
    broken: { type: 'command', backup: 'echo half; echo "no licence" >&2; exit 3' },
    short: { type: 'command', backup: 'echo half', expect: { ends_with: 'END' } },
    silent: { type: 'command', backup: 'true' },
    lab: { type: 'dump-files', path: 'dumps' },
  });
  putDump(project, 'lab_1.sql.gz', gzipSync(DUMP), 49);
  const { code, member } = await backUp(project);
  assert.equal(code, 1);
  assert.equal(member('files').outcome, 'ok');
  for (const [source, errorCode, message] of [
    ['broken', 'source.failed', /exit code 3: no licence/],
    ['short', 'source.incomplete', /does not end with "END"/],
    ['silent', 'source.incomplete', /is empty/],
    ['lab', 'source.stale', /lab_1\.sql\.gz, is 2d 01h old, and may be 1d 01h/],
  ] as const) {
    assert.deepEqual([member(source).outcome, member(source).error?.code], ['failed', errorCode], source);
    assert.match(member(source).error?.message ?? '', message);
  }
  assert.match(await project.here.run('list'), /\b1 snapshot\b/);
});

test('the newest complete file of a folder of dumps is stored with its age, and put back', { skip }, async () => {
  await using project = await prepared({ lab: { type: 'dump-files', path: 'dumps' } });
  putDump(project, 'lab_1.sql.gz', gzipSync(DUMP), 26);
  const whole = putDump(project, 'lab_2.sql.gz', gzipSync(DUMP), 3);
  putDump(project, 'lab_3.sql.gz', gzipSync(DUMP).subarray(0, 60), 1);
  const { code, member } = await backUp(project);
  assert.equal(code, 3);
  assert.match(
    member('lab').warnings[0]?.message ?? '',
    /lab_3\.sql\.gz is left out: it can not be unpacked to its end/,
  );
  assert.match(await project.here.run('show', 'latest'), /newest complete dump, lab_2\.sql\.gz, was 3h 0\dm old/);
  const before = readFileSync(whole);
  writeFileSync(whole, 'scribbled over');
  await project.here.run('restore', 'latest', '--source', 'lab', '--in-place', '--force');
  assert.ok(readFileSync(whole).equals(before));
  const names = readdirSync(join(project.folder, 'dumps')).sort();
  assert.deepEqual(names, ['lab_1.sql.gz', 'lab_2.sql.gz', 'lab_3.sql.gz']);
});

describe('a service', { skip }, () => {
  const calls = (project: Project) => read(project, 'calls').trim().split('\n');
  const service = (of: Record<string, unknown>) => ({
    rancher: {
      ...{ type: 'service', stop: 'echo stop >> calls; echo stopped > state' },
      ...{ start: 'echo start >> calls; echo running > state', of },
    },
  });
  /** Goes on when there is a file `go`. */
  const slow = 'echo begun; touch capturing; for _ in $(seq 600); do [ -e go ] && break; sleep 0.05; done; cat state';

  /** Starts a backup and waits until it captures while the service is stopped. */
  async function startSlowBackup(project: Project): Promise<ChildProcess> {
    const home = join(project.folder, '.home');
    const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), XDG_STATE_HOME: join(home, 'state') };
    const child = spawn(SURETY, ['backup'], {
      cwd: project.folder,
      env: childEnvironment({ ...env, ...project.environment }),
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 400 && !existsSync(join(project.folder, 'capturing')); tries++) await sleep(50);
    assert.equal(read(project, 'state'), 'stopped\n');
    return child;
  }

  const ended = (child: ChildProcess) =>
    new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

  test('is stopped while it is captured and while it is restored in place; its down-time is recorded', async () => {
    // What runs writes to its files at once: nothing of that may be in the snapshot.
    const sources = service({ type: 'files', paths: ['volume', 'state'] });
    const start = `${sources.rancher.start}; for file in volume/live*; do echo changed > "$file"; done`;
    await using project = await prepared({ rancher: { ...sources.rancher, start } });
    mkdirSync(join(project.folder, 'volume'));
    const live = Array.from({ length: 60 }, (_, at) => `volume/live${at}`);
    for (const [at, name] of live.entries()) {
      writeFileSync(join(project.folder, name), Buffer.alloc(at === 0 ? 30_000_000 : 5000, `at rest ${at}`));
    }
    writeFileSync(join(project.folder, 'volume/etcd'), 'good');
    await project.here.run('backup');
    assert.deepEqual(calls(project), ['stop', 'start']);
    assert.match(await project.here.run('show', 'latest'), /the service was stopped for \d/);
    writeFileSync(join(project.folder, 'volume/etcd'), 'scribbled over');
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--source', 'rancher', '--target', target);
    assert.equal(readFileSync(join(target, 'state'), 'utf8'), 'stopped\n');
    for (const [at, name] of live.entries()) {
      assert.match(readFileSync(join(target, name), 'latin1').slice(-5000), /at rest/, `${at}`);
      assert.equal(read(project, name), 'changed\n');
    }
    assert.deepEqual(calls(project), ['stop', 'start']);
    await project.here.run('restore', 'latest', '--source', 'rancher', '--in-place', '--force');
    assert.equal(read(project, 'volume/etcd'), 'good');
    assert.deepEqual(calls(project), ['stop', 'start', 'stop', 'start']);
  });

  test('is started again after an interrupt', async () => {
    await using project = await prepared(service({ type: 'command', backup: slow }));
    const child = await startSlowBackup(project);
    child.kill('SIGINT');
    assert.equal(await ended(child), 130);
    assert.deepEqual(calls(project), ['stop', 'start']);
    assert.equal(read(project, 'state'), 'running\n');
  });

  test('is started first by the next run after one that was killed, of whatever source, with a warning', async () => {
    await using project = await prepared(service({ type: 'command', backup: slow }));
    const child = await startSlowBackup(project);
    child.kill('SIGKILL');
    await ended(child);
    assert.equal(read(project, 'state'), 'stopped\n');
    // The command of the killed run ends by itself now, and the next one need not wait.
    writeFileSync(join(project.folder, 'go'), '');
    const next = await project.here.attempt('backup', '--source', 'files', '--json');
    assert.equal(next.code, 3, next.stderr);
    assert.match(next.stderr, /a run that was killed had left the service stopped \(at 20.*it was started now/);
    const { finished } = JSON.parse(next.stdout) as { finished: { source: string; outcome: string }[] };
    assert.deepEqual(
      finished.map(({ source, outcome }) => [source, outcome]),
      [['rancher', 'warnings']],
    );
    assert.deepEqual(calls(project), ['stop', 'start']);
    assert.equal(read(project, 'state'), 'running\n');
    const { code, member } = await backUp(project);
    assert.deepEqual([code, member('rancher').kind], [0, 'command']);
    assert.deepEqual(calls(project), ['stop', 'start', 'stop', 'start']);
    assert.equal(read(project, 'state'), 'running\n');
  });
});
