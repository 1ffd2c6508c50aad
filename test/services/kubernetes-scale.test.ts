import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { hasCode } from '../../src/base/errors.ts';
import { openKubernetes } from '../../src/reach/kubernetes/open.ts';
import { kubernetesOptions, kubernetesSchema } from '../../src/reach/kubernetes/options.ts';
import { endOf } from '../fixtures/child-end.ts';
import type { Workload } from '../fixtures/kubernetes-cluster.ts';
import { type KubernetesServer, startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { childEnvironment, skipWithout } from '../fixtures/programs.ts';
import { SURETY, type Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { until } from '../fixtures/until.ts';

describe('what runs in a cluster', { skip: skipWithout('openssl') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-scale-'));
  const surety: Surety = suretyHere(folder);
  const file = (name: string) => join(folder, name);
  let server: KubernetesServer;
  let app: Workload;

  before(async () => {
    server = await startKubernetesServer();
    // The application writes as long as it runs; its volume is mounted by the pod that is read as well.
    const volume = file('volume');
    const run = ['sh', '-c', 'while :; do date +%s%N >$$; mv $$ now; sleep 0.02; done'];
    app = server.cluster.addWorkload({
      ...{ kind: 'statefulset', name: 'app', replicas: 2, containers: [{ run, folder: volume }] },
      ...{ startMs: 100, stopMs: 100 },
    });
    server.cluster.addPod({ name: 'reader', containers: [{ folder: volume }] });
    const host = (pod: string) => ({ kubernetes: { pod, kubeconfig: server.kubeconfig() } });
    const scale = { scale: 'statefulset/app', to: 0 };
    server.cluster.addWorkload({
      ...{ kind: 'deployment', name: 'asleep', replicas: 0 },
      containers: [{ folder: volume }],
    });
    const hang = `cp now ${file('before')}; [ -e ${file('wait')} ] && sleep 60; cat now; sleep 0.2; cat now`;
    const configuration = {
      hosts: { cluster: host('reader'), asleep: host('deployment/asleep') },
      sources: {
        volume: { type: 'command', host: 'cluster', backup: hang, name: 'now', hooks: { before: [scale] } },
        service: { type: 'service', host: 'cluster', scale: 'statefulset/app', of: { type: 'command', backup: hang } },
        sleeper: {
          ...{ type: 'files', host: 'asleep', paths: ['.'] },
          hooks: { before: [{ scale: 'deployment/asleep', to: 1 }] },
        },
        held: {
          ...{ type: 'command', host: 'cluster', hooks: { before: [scale] } },
          backup: `touch ${file('reading')}; while [ ! -e ${file('go')} ]; do sleep 0.05; done; cat now`,
        },
        failing: { type: 'command', host: 'cluster', backup: 'false', hooks: { before: [scale] } },
        missing: {
          ...{ type: 'command', host: 'cluster', backup: 'true' },
          hooks: { before: [{ ...scale, scale: 'sts/other' }] },
        },
        stuck: {
          ...{ type: 'command', host: 'cluster', backup: 'true' },
          hooks: { before: [{ ...scale, timeout: '600ms' }] },
        },
      },
      repositories: { plain: { type: 'archive', store: 'file:plain' } },
      jobs: Object.fromEntries(
        ['volume', 'service', 'sleeper', 'held', 'failing', 'missing', 'stuck'].map((name) => [
          name,
          { sources: [name], to: ['plain'] },
        ]),
      ),
    };
    writeFileSync(file('surety.yaml'), JSON.stringify(configuration));
    await surety.run('init');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    app.scaled.length = 0;
    server.faults.denied.clear();
    server.faults.answers.length = 0;
  });

  it('is scaled to 0 before a source is read, and back to what it was', async () => {
    await surety.run('backup', 'volume');
    assert.deepEqual(app.scaled, [0, 2]);
    assert.ok(server.cluster.processes('app-0').length > 0 && server.cluster.processes('app-1').length > 0);
  });

  it('is not missed by checks where hooks of the backup scale it up', async () => {
    const config = await surety.attempt('config', 'check');
    assert.doesNotMatch(config.stdout + config.stderr, /asleep/);
    assert.match(await surety.run('host', 'check', 'asleep'), /no pod now; the backup of sleeper scales it up/);
    assert.match((await surety.attempt('check')).stdout, /note +source sleeper +readable +not looked at/);
    await surety.run('backup', 'sleeper');
  });

  it('does not write while the source is read', async () => {
    await surety.run('backup', 'volume');
    const restored = file('restored');
    await surety.run('restore', 'latest', '--source', 'volume', '--target', restored);
    const lines = readFileSync(join(restored, 'now'), 'utf8').trim().split('\n');
    assert.equal(lines.length, 2);
    assert.equal(lines[0], lines[1]);
  });

  it('is scaled back when the backup fails', async () => {
    assert.equal((await surety.attempt('backup', 'failing')).code, 1);
    assert.deepEqual(app.scaled, [0, 2]);
  });

  it('is scaled back once the cluster answers again', async () => {
    server.faults.answers.push({ match: /PUT .*\/scale/, status: 503, times: 3 });
    await surety.run('backup', 'volume');
    assert.deepEqual(app.scaled, [0, 2]);
  });

  it('is left alone where it is not there, or may not be scaled', async () => {
    const missing = await surety.attempt('backup', 'missing');
    assert.equal(missing.code, 1);
    assert.match(missing.stdout, /before hook 1 \(scale statefulset\/other\) .* failed: .*"other" not found/);
    server.faults.denied.add('update statefulsets/scale');
    const denied = await surety.attempt('backup', 'volume');
    assert.equal(denied.code, 1);
    assert.match(denied.stdout, /cannot update resource "statefulsets\/scale"/);
    assert.deepEqual(app.scaled, []);
  });

  it('that does not end in time fails what it belongs to, and is scaled back', async () => {
    // A pod that can not be ended, as when its node is gone.
    const stuck = server.cluster.addPod(
      { name: 'app-9', labels: { app: 'app' } },
      { kind: 'StatefulSet', name: 'app', uid: 'x' },
    );
    stuck.ending = true;
    const { code, stdout } = await surety.attempt('backup', 'stuck');
    server.cluster.pods.delete('app-9');
    assert.equal(code, 1);
    assert.match(stdout, /did not end within .*statefulset\/app is to have 0 pods, and has .*app-9 \(ending/s);
    assert.match(stdout, /kubectl scale statefulset\/app --replicas=2/);
    assert.deepEqual(app.scaled, [0, 2]);
    await until(() => server.cluster.pods.get('app-1')?.ready === true, 'it is there again');
  });

  it('as a service, is stopped while it is read, and its down-time is told', async () => {
    await surety.run('backup', 'service');
    assert.deepEqual(app.scaled, [0, 2]);
    assert.match(await surety.run('show', 'latest', '--source', 'service'), /the service was stopped for/);
  });

  it('as a service, gets back as many pods as a killed run has written down', async () => {
    const [folderOfServices = ''] = globSync(file('.home/state/surety/*/services'));
    server.cluster.scale(app, 0);
    writeFileSync(
      join(folderOfServices, 'service.json'),
      '{"source":"service","since":"2026-11-20T03:07:00.000Z","replicas":2}',
    );
    const { stderr } = await surety.attempt('backup', 'service');
    assert.match(stderr, /a run that was killed had left the service stopped/);
    assert.deepEqual(app.scaled, [0, 2, 0, 2]);
  });

  it('is scaled back by the next run when a run was killed', async () => {
    writeFileSync(file('wait'), '');
    const environment = childEnvironment({ HOME: file('.home'), XDG_STATE_HOME: join(file('.home'), 'state') });
    rmSync(file('before'), { force: true });
    const child = spawn(SURETY, ['backup', 'volume'], { cwd: folder, env: environment, stdio: 'ignore' });
    await until(() => existsSync(file('before')), 'the source is being read');
    child.kill('SIGKILL');
    await endOf(child);
    rmSync(file('wait'));
    assert.deepEqual(app.scaled, [0]);
    const { stderr } = await surety.attempt('backup', 'volume');
    assert.match(stderr, /was killed: the after hooks of source volume run now/);
    assert.deepEqual(app.scaled, [0, 2, 0, 2]);
  });

  it('is scaled back by the next run where that could not be done, unless something else has scaled it since', async () => {
    for (const others of [undefined, 3]) {
      for (const name of ['reading', 'go']) rmSync(file(name), { force: true });
      const running = surety.attempt('backup', 'held');
      await until(() => existsSync(file('reading')), 'the source is being read');
      server.faults.denied.add('update statefulsets/scale');
      writeFileSync(file('go'), '');
      const { code, stdout } = await running;
      assert.equal(code, 1);
      assert.match(stdout, /kubectl scale statefulset\/app --replicas=2; the next run tries it again/);
      server.faults.denied.clear();
      if (others !== undefined) server.cluster.scale(app, others);
      app.scaled.length = 0;
      const { stderr } = await surety.attempt('backup', 'sleeper');
      assert.match(stderr, /could not scale back what it had scaled for source held: that is tried again now/);
      assert.deepEqual(app.scaled, others === undefined ? [2] : []);
      assert.doesNotMatch((await surety.attempt('backup', 'sleeper')).stderr, /tried again now/);
    }
    server.cluster.scale(app, 2);
    await until(() => server.cluster.pods.size === 3 && server.cluster.pods.get('app-1')?.ready === true, 'as it was');
  });

  it('is said to be scaled by something else where that is so', async () => {
    const raw = { pod: 'reader', kubeconfig: server.kubeconfig() };
    await using reach = openKubernetes('cluster', kubernetesOptions(kubernetesSchema.parse(raw), '/'));
    const workload = { kind: 'statefulset', name: 'app' } as const;
    const signal = AbortSignal.timeout(20_000);
    assert.equal(await reach.workloads?.replicas(workload, { signal }), 2);
    await assert.rejects(
      reach.workloads!.scale(workload, 0, { signal, tell: () => void server.cluster.scale(app, 2) }),
      (error) => hasCode(error, 'reach.failed') && /is to have 2 pods now/.test(error.message),
    );
  });
});
