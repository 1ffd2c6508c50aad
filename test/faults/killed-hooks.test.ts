import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { hasEnded } from '../fixtures/child-end.ts';
import { childEnvironment } from '../fixtures/programs.ts';
import { SURETY, type Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { until } from '../fixtures/until.ts';

describe('hooks of a run that ends early', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-killed-hooks-'));
  const home = join(folder, '.home');
  const env = { VAULT_PASSWORD: 'secret', HOME: home, XDG_STATE_HOME: join(home, 'state') };
  const surety: Surety = suretyHere(folder, env);
  const file = (name: string) => join(folder, name);
  const lines = () => (existsSync(file('log')) ? readFileSync(file('log'), 'utf8').trim().split('\n') : []);

  /** Waits for ever when the file `wait` is there; `exec`, so that the pid is that of the sleep. */
  const hang = `echo $$ > pid.new; mv pid.new pid; [ -e wait ] && exec sleep 60; exit 0`;
  const configuration = {
    sources: {
      app: {
        type: 'files',
        paths: ['app'],
        hooks: {
          before: [hang],
          after: ['echo app $SURETY_OUTCOME >> log', { run: 'echo done >> log', when: 'success' }],
        },
      },
      rest: { type: 'files', paths: ['app'] },
    },
    repositories: { vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } } },
    jobs: {
      nightly: {
        sources: ['app'],
        to: ['vault'],
        hooks: { before: ['echo begin >> log'], after: ['sleep 0.3; echo job $SURETY_OUTCOME >> log'] },
      },
      other: { sources: ['rest'], to: ['vault'] },
    },
  };

  beforeEach(async () => {
    for (const name of ['log', 'pid', 'wait']) rmSync(file(name), { force: true });
    if (existsSync(file('surety.yaml'))) return;
    mkdirSync(file('app'));
    writeFileSync(join(file('app'), 'file'), 'content');
    writeFileSync(file('surety.yaml'), JSON.stringify(configuration));
    await surety.run('init');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A backup that waits in the hook before its source. */
  async function hanging(
    ...args: readonly string[]
  ): Promise<{ child: ChildProcess; ended: Promise<number | null>; hook: number }> {
    writeFileSync(file('wait'), '');
    const child = spawn(SURETY, ['backup', ...args], { cwd: folder, env: childEnvironment(env), stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
    await until(() => existsSync(file('pid')) || hasEnded(child), 'the hook has begun');
    rmSync(file('wait'));
    return { child, ended, hook: Number(readFileSync(file('pid'), 'utf8')) };
  }

  const left = () =>
    readdirSync(join(home, 'state', 'surety', readdirSync(join(home, 'state', 'surety'))[0] ?? '', 'hooks'));

  for (const verb of ['check', 'backup'] as const) {
    test(`after a kill -9, surety ${verb} first runs those that are due, once, and no lock is in the way`, async () => {
      const { child, ended, hook } = await hanging('nightly');
      try {
        assert.deepEqual(lines(), ['begin']);
        if (verb === 'check') {
          const beside = await surety.attempt('check');
          assert.deepEqual([beside.code, lines()], [0, ['begin']], 'while the run is alive they are its own business');
        }
        child.kill('SIGKILL');
        await ended;
        assert.equal(left().length, 2);
      } finally {
        process.kill(hook, 'SIGKILL');
      }
      if (verb === 'check') {
        const planned = await surety.attempt('backup', '--dry-run');
        assert.deepEqual([planned.code, lines()], [0, ['begin']]);
      }
      // Another job finds them just as well.
      const next = await surety.attempt(...(verb === 'check' ? ['check'] : ['backup', 'other']));
      assert.equal(next.code, 0, next.stdout + next.stderr);
      assert.deepEqual(lines().toSorted(), ['app interrupted', 'begin', 'job interrupted']);
      assert.match(next.stderr, /run \S+ was killed: the after hooks of source app run now/);
      assert.match(next.stderr, /the after hooks of job nightly run now/);
      assert.deepEqual(left(), []);
      if (verb === 'check') return;
      const again = await surety.attempt('backup', 'nightly');
      assert.equal(again.code, 0, again.stderr);
      assert.deepEqual(lines().slice(3), ['begin', 'app ok', 'done', 'job ok']);
    });
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`after ${signal} they run before the process ends, which says 130`, async () => {
      const { child, ended } = await hanging('nightly');
      child.kill(signal);
      assert.equal(await ended, 130);
      assert.deepEqual(lines(), ['begin', 'app interrupted', 'job interrupted']);
      assert.deepEqual(left(), []);
    });
  }

  test('a source that a job is backing up is busy for a run of that source alone, and the other way round', async () => {
    for (const [first, second] of [
      [['nightly'], ['--source', 'app']],
      [['--source', 'app'], ['nightly']],
    ] as const) {
      rmSync(file('pid'), { force: true });
      const { child, ended } = await hanging(...first);
      const refused = await surety.attempt('backup', ...second, '--json');
      const free = await surety.attempt('backup', 'other');
      child.kill('SIGTERM');
      await ended;
      assert.equal(refused.code, 4, refused.stdout);
      assert.equal(JSON.parse(refused.stdout).error.code, 'run.busy');
      assert.match(JSON.parse(refused.stdout).error.message, /source app/);
      assert.equal(free.code, 0, free.stderr);
    }
  });
});
