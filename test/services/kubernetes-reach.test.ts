import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { hasCode, type SuretyError } from '../../src/base/errors.ts';
import { collectBytes } from '../../src/base/streams.ts';
import { reachContract } from '../../src/reach/contract.ts';
import { openKubernetes } from '../../src/reach/kubernetes/open.ts';
import { type KubernetesOptions, kubernetesOptions, kubernetesSchema } from '../../src/reach/kubernetes/options.ts';
import type { ExecHow, Reach } from '../../src/reach/reach.ts';
import { startFaultProxy } from '../fixtures/fault-proxy.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { type KubernetesServer, startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { locate, skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess, runProgram } from '../fixtures/run-program.ts';
import { startTunnelProxy } from '../fixtures/tunnel-proxy.ts';
import { until } from '../fixtures/until.ts';

const [V5, V4] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const how: ExecHow = { signal: new AbortController().signal };
const root = join(import.meta.dirname, '..', '..');
const PASSWORD = 'stays in the pod';

describe('a pod', { skip: skipWithout('openssl') }, () => {
  let server: KubernetesServer;

  before(async () => {
    server = await startKubernetesServer();
    const { cluster } = server;
    cluster.addPod({ name: 'one', containers: [{ env: { DATABASE_PASSWORD: PASSWORD } }, { name: 'sidecar' }] });
    cluster.addWorkload({ kind: 'statefulset', name: 'db', replicas: 3 });
    cluster.addWorkload({ kind: 'deployment', name: 'web', replicas: 2 });
    cluster.addWorkload({ kind: 'statefulset', name: 'idle', replicas: 0 });
  });
  after(() => server[Symbol.asyncDispose]());
  afterEach(() => {
    const { faults } = server;
    faults.answers.length = 0;
    faults.denied.clear();
    faults.expired.clear();
    faults.delayMs = 0;
    faults.protocols = [V5!, V4!];
  });

  /** As it stands in a configuration. */
  function options(pod: string, more: object = {}): KubernetesOptions {
    const raw = { pod, kubeconfig: server.kubeconfig(), connect_timeout: '5s', idle_timeout: '10s', ...more };
    return kubernetesOptions(kubernetesSchema.parse(raw), '/');
  }
  const open = (pod = 'one', more: object = {}): Reach => openKubernetes('pod', options(pod, more));

  async function textOf(reach: Reach, argv: readonly string[], more: Partial<ExecHow> = {}): Promise<string> {
    const child = reach.exec(argv, { ...how, ...more });
    const text = Buffer.from(await collectBytes(child.stdout)).toString('utf8');
    const { code, error } = await child.exit;
    if (error !== undefined) throw error;
    assert.equal(code, 0, child.stderr());
    return text;
  }

  async function failureOf(reach: Reach, argv: readonly string[] = ['true']): Promise<SuretyError> {
    const { error } = await reach.exec(argv, how).exit;
    assert.ok(hasCode(error, ...CODES), String(error));
    return error;
  }

  const contract = reachContract(async () => open());
  for (const check of contract) {
    it(check.name, async () => {
      await check.run();
      await until(() => server.cluster.processes('one').length === 0, 'nothing is left running there');
    });
  }

  describe('of a cluster that knows only the older protocol, which can not end an input', () => {
    for (const check of contract.filter(({ name }) => /stdin|input|abort/.test(name))) {
      it(check.name, async () => {
        server.faults.protocols = [V4!];
        await check.run();
        await until(() => server.cluster.processes('one').length === 0, 'nothing is left running there');
      });
    }

    it('a program whose connection breaks in the middle of its input does not take it for the whole', async () => {
      server.faults.protocols = [V4!];
      await using reach = open();
      const file = join(server.folder, 'half');
      const stdin = (async function* () {
        yield Buffer.from('half');
        await until(() => existsSync(file) && readFileSync(file, 'utf8') === 'half', 'the half has arrived');
        server.cut();
        await new Promise(() => undefined);
      })();
      const { error } = await reach.exec(['sh', '-c', `cat >'${file}'; echo whole >>'${file}'`], { ...how, stdin })
        .exit;
      assert.ok(hasCode(error, 'reach.unreachable'));
      await until(() => server.cluster.processes('one').length === 0, 'nothing is left running there');
      assert.equal(readFileSync(file, 'utf8'), 'half');
    });
  });

  it('is reached through the proxy that the kubeconfig names', async () => {
    await using proxy = await startTunnelProxy(server.port);
    await using reach = open('one', { kubeconfig: server.kubeconfig({ proxy: proxy.url }) });
    assert.equal(await textOf(reach, ['echo', 'through']), 'through\n');
    assert.deepEqual([...new Set(proxy.hosts)], [`127.0.0.1:${server.port}`]);
    assert.ok(proxy.hosts.length >= 2);
  });

  it('is reached from inside of the cluster with the account of the pod there', {
    skip: skipUnlessRoot(),
  }, async () => {
    const account = '/run/secrets/kubernetes.io/serviceaccount';
    const modules = ['open', 'options'].map((name) => join(root, 'src', 'reach', 'kubernetes', `${name}.ts`));
    const program = `
      const { openKubernetes } = await import('${modules[0]}');
      const { kubernetesOptions, kubernetesSchema } = await import('${modules[1]}');
      const options = kubernetesOptions(kubernetesSchema.parse({ pod: 'one' }), '/');
      await using reach = openKubernetes('pod', options);
      const { code } = await reach.exec(['true'], { signal: AbortSignal.timeout(20000) }).exit;
      process.exitCode = code ?? 9;`;
    // What is mounted there is there for this process only.
    const script = [
      `mount -t tmpfs none /run && mkdir -p ${account} && printf %s stack >${account}/namespace`,
      `printf %s "$TOKEN" >${account}/token && cp "$CA" ${account}/ca.crt`,
      'exec "$@"',
    ].join(' && ');
    const env = {
      ...{ TOKEN: server.token, CA: server.caFile, HOME: join(server.folder, 'nobody'), KUBECONFIG: '' },
      ...{ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) },
    };
    const node = [process.execPath, '--input-type=module', '-e', program];
    await expectSuccess(['unshare', '--mount', 'sh', '-c', script, 'sh', ...node], { env });
  });

  it('without a shell is said to be without one', async () => {
    server.cluster.addPod({ name: 'distroless', containers: [{ env: { PATH: '/nowhere' } }] });
    await using reach = open('distroless');
    const error = await failureOf(reach);
    assert.equal(error.code, 'reach.not-found');
    assert.match(error.message, /there is no shell in the container of host pod/);
  });

  it('is identified by its own id, its place and its node', async () => {
    await using reach = open('statefulset/db');
    const identity = await reach.identity?.(how);
    assert.equal(identity?.key, server.cluster.pods.get('db-0')?.uid);
    assert.match(identity?.address ?? '', /^https:\/\/127\.0\.0\.1:\d+\/stack\/db-0 on node-1$/);
  });

  it('keeps its secrets: they are taken there, and travel in no request and no message', async () => {
    await using reach = open();
    const env = { PGPASSWORD: { variable: 'DATABASE_PASSWORD' } };
    const script = 'test "$PGPASSWORD" = "stays in the pod" && echo "$PGPASSWORD" | md5sum';
    assert.match(await textOf(reach, ['sh', '-c', script], { env }), /^[0-9a-f]{32}/);
    const secret = { TOKEN: 'of this machine' };
    await textOf(reach, ['true', 'an argument'], { env: secret });
    assert.doesNotMatch(server.requests.join('\n'), /stays in|of this machine|an argument/);
  });

  it('runs what a file tree is listed and packed with', async () => {
    await using reach = open();
    const folder = join(server.folder, 'volume');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a file'), 'content');
    assert.match(await textOf(reach, ['find', folder, '-type', 'f', '-printf', '%s %p\\0']), /^7 .*a file\0$/);
    const packed = reach.exec(['tar', '-c', '-C', folder, '-f', '-', '.'], how);
    assert.match(Buffer.from(await collectBytes(packed.stdout)).toString('latin1'), /a file[\s\S]*content/);
  });

  describe('is chosen', () => {
    const nameIn = async (reach: Reach): Promise<string> =>
      (await textOf(reach, ['sh', '-c', 'echo $HOSTNAME'])).trim();

    it('of a statefulset as the first that is ready, and is kept to as long as it lives', async () => {
      await using reach = open('statefulset/db');
      const { cluster } = server;
      cluster.pods.get('db-0')!.ready = false;
      assert.equal(await nameIn(reach), 'db-1');
      cluster.pods.get('db-0')!.ready = true;
      assert.equal(await nameIn(reach), 'db-1');
      const before = cluster.pods.get('db-1');
      cluster.remove('db-1');
      const isNew = () => cluster.pods.get('db-1')?.ready === true && cluster.pods.get('db-1') !== before;
      await until(isNew, 'there is a new pod');
      // What was seen a moment ago is not looked at again.
      await new Promise((resolve) => setTimeout(resolve, 2100));
      assert.equal(await nameIn(reach), 'db-0');
    });

    it('of a deployment as the newest that is ready', async () => {
      await using reach = open('deployment/web');
      const pods = [...server.cluster.pods.values()].filter(({ name }) => name.startsWith('web-'));
      assert.equal(await nameIn(reach), pods.at(-1)?.name);
    });

    it('by labels only where one pod is ready that has them', async () => {
      await using one = open('app=one');
      assert.equal(await nameIn(one), 'one');
      await using several = open('app=db');
      const error = await failureOf(several);
      assert.equal(error.code, 'reach.no-pod');
      assert.match(error.message, /^3 pods have labels app=db: db-0, db-1, db-2$/);
      assert.match(error.hint ?? '', /statefulset\/NAME/);
    });

    it('with the container that is named, else the one that the pod says, else its first', async () => {
      server.cluster.addPod({
        name: 'annotated',
        annotations: { 'kubectl.kubernetes.io/default-container': 'second' },
        containers: [{ name: 'first' }, { name: 'second' }],
      });
      const folderOf = async (reach: Reach) => (await textOf(reach, ['pwd'])).trim().split('/').slice(-2).join('/');
      await using annotated = open('annotated');
      assert.equal(await folderOf(annotated), 'annotated/second');
      await using named = open('annotated', { container: 'first' });
      assert.equal(await folderOf(named), 'annotated/first');
      await using wrong = open('one', { container: 'db' });
      assert.match((await failureOf(wrong)).message, /pod one has no container db; it has main, sidecar/);
    });

    it('or it is said what there is instead', async () => {
      server.cluster.addPod({ name: 'waiting', labels: { app: 'waiting' } });
      Object.assign(server.cluster.pods.get('waiting')!, {
        phase: 'Pending',
        ready: false,
        waiting: 'ImagePullBackOff',
      });
      server.cluster.addPod({ name: 'going' }).ending = true;
      for (const [pod, message] of [
        ['going', /pod going \(ending\) is about to go/],
        ['nobody', /pods "nobody" not found/],
        ['statefulset/nobody', /statefulsets "nobody" not found/],
        ['app=nobody', /there is no pod with labels app=nobody in namespace stack of cluster test/],
        ['statefulset/idle', /there is no pod of statefulset idle/],
        ['app=waiting', /no pod .* is ready .*: waiting \(Pending, container main: ImagePullBackOff\)/],
        ['waiting', /container main does not run: waiting \(Pending/],
      ] as const) {
        await using reach = open(pod);
        const error = await failureOf(reach);
        assert.equal(error.code, 'reach.no-pod');
        assert.match(error.message, message);
        assert.match(error.hint ?? '', /kubectl|wait/, `what to do where ${error.message}`);
      }
    });
  });

  describe('of which the line or the cluster fails', () => {
    it('breaks off where the stream is cut, and is found again for the next command', async () => {
      await using reach = open();
      const child = reach.exec(['sh', '-c', 'echo up; sleep 20'], how);
      const output = child.stdout[Symbol.asyncIterator]();
      await output.next();
      server.cut();
      await assert.rejects(output.next(), (error) => hasCode(error, 'reach.unreachable') && error.retry === 'later');
      const { code, error } = await child.exit;
      assert.equal(code, null);
      assert.match(String(error), /the connection to host pod broke off/);
      await until(() => server.cluster.processes('one').length === 0, 'what was cut off is ended there');
      assert.equal(await textOf(reach, ['echo', 'again']), 'again\n');
    });

    it('says that the container was started anew where that ended the command', async () => {
      await using reach = open();
      const child = reach.exec(['sh', '-c', 'echo up; sleep 20'], how);
      const output = child.stdout[Symbol.asyncIterator]();
      await output.next();
      server.cluster.restart('one');
      await assert.rejects(output.next(), /container main of pod one was started anew/);
      assert.equal(await textOf(reach, ['echo', 'again']), 'again\n');
    });

    it('is asked again while a cluster is busy, and no command runs twice for that', async () => {
      await using reach = open();
      server.faults.answers.push({ match: /GET .*\/pods\/one$/, status: 429, times: 1 });
      server.faults.answers.push({ match: /\/exec/, status: 500, times: 2 });
      const file = join(server.folder, 'times');
      await textOf(reach, ['sh', '-c', `echo ran >>'${file}'`]);
      assert.equal(readFileSync(file, 'utf8'), 'ran\n');
    });

    it('is given up when nothing is heard any more, but not while a program takes no input', async () => {
      await using line = await startFaultProxy(server.port);
      const kubeconfig = server.kubeconfig({ port: line.port });
      await using reach = open('one', { kubeconfig, connect_timeout: '1s', idle_timeout: '400ms' });
      const endless = (async function* () {
        for (;;) yield Buffer.alloc(65_536);
      })();
      assert.equal(await textOf(reach, ['sh', '-c', 'sleep 1.5; echo patient'], { stdin: endless }), 'patient\n');
      const child = reach.exec(['sh', '-c', 'echo up; sleep 20'], how);
      await child.stdout[Symbol.asyncIterator]().next();
      line.state.mode = 'blackhole';
      const { error } = await child.exit;
      assert.ok(hasCode(error, 'reach.unreachable'));
      assert.match(error.message, /broke off: nothing was heard for 0.4 s/);
      server.cluster.restart('one');
    });

    it('says who is not let in, and who may not do what, without a token', async () => {
      const { token, faults } = server;
      const shown = async (reach: Reach): Promise<string> => {
        const error = await failureOf(reach);
        assert.ok(!`${error.message} ${error.hint} ${JSON.stringify(error.cause ?? '')}`.includes(token));
        return `${error.code}: ${error.message}`;
      };
      const [unused = 0] = await freePorts(1);
      faults.denied.add('create pods/exec');
      await using mayNot = open();
      assert.match(await shown(mayNot), /^reach.denied: .*cannot create resource "pods\/exec"/);
      faults.denied.clear();
      await using elsewhere = open('one', { namespace: 'other' });
      assert.match(await shown(elsewhere), /^reach.denied: .* cannot get resource "pods" .* namespace "other"/);
      await using untrusted = open('one', { kubeconfig: server.kubeconfig({ caFile: undefined }) });
      assert.match(await shown(untrusted), /^reach.unknown-host-key: the certificate of cluster test is not trusted/);
      await using nowhere = open('one', { kubeconfig: server.kubeconfig({ port: unused }), connect_timeout: '300ms' });
      assert.match(await shown(nowhere), /^reach.unreachable: .*ECONNREFUSED/);
      faults.delayMs = 1000;
      await using slow = open('one', { connect_timeout: '300ms' });
      assert.match(await shown(slow), /^reach.unreachable: .*no answer within 0.3 s/);
      faults.delayMs = 0;
      faults.expired.add(token);
      await using expired = open();
      assert.match(await shown(expired), /^reach.denied: cluster test does not accept the credentials/);
    });

    it('takes credentials from a program, and asks it again when they have expired', async () => {
      const plugin = join(server.folder, 'plugin');
      const file = join(server.folder, 'token');
      const answer = `'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'`;
      writeFileSync(plugin, `#!/bin/sh\n[ -n "$KUBERNETES_EXEC_INFO" ] && printf ${answer} "$(cat '${file}')"\n`, {
        mode: 0o755,
      });
      const user = `{ exec: { apiVersion: client.authentication.k8s.io/v1, command: '${plugin}' } }`;
      writeFileSync(file, 'an old one');
      const kubeconfig = server.kubeconfig({ user });
      await using reach = open('one', { kubeconfig });
      assert.equal((await failureOf(reach)).code, 'reach.denied');
      writeFileSync(file, server.token);
      assert.equal(await textOf(reach, ['echo', 'in']), 'in\n');
      writeFileSync(plugin, '#!/bin/sh\necho "please log in" >&2; exit 1\n', { mode: 0o755 });
      await using refused = open('one', { kubeconfig });
      assert.match((await failureOf(refused)).message, /there are no credentials for cluster test: please log in/);
      for (const [script, timeout, message] of [
        ['echo "{}"', '15s', /what the program printed is no credential/],
        ['exec sleep 5', '300ms', /the program for credentials of cluster test does not end/],
      ] as const) {
        writeFileSync(plugin, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        await using odd = open('one', { kubeconfig, connect_timeout: timeout });
        assert.match((await failureOf(odd)).message, message);
      }
    });

    it('says what is wrong with a kubeconfig without quoting it', async () => {
      const file = join(server.folder, 'broken');
      writeFileSync(file, 'users: [{ name: a, user: { token: s3cret } }\ncontexts: : :');
      for (const [more, message] of [
        [{ kubeconfig: file }, /^kubeconfig .*broken can not be read: it is not a kubeconfig$/],
        [{ kubeconfig: '/no/such/file' }, /^kubeconfig \/no\/such\/file does not exist$/],
        [{ context: 'other' }, /^the kubeconfig has no context other$/],
      ] as const) {
        await using reach = open('one', more);
        assert.match((await failureOf(reach)).message, message);
      }
    });
  });

  it('takes no memory for 200 MB that are read slowly, nor for 60 MB that are taken slowly', async () => {
    await using reach = open();
    const peak = watchMemory();
    const child = reach.exec(['sh', '-c', 'head -c 200000000 /dev/zero'], how);
    let sizeBytes = 0;
    for await (const chunk of child.stdout) {
      if (sizeBytes === 0) await new Promise((resolve) => setTimeout(resolve, 500));
      sizeBytes += chunk.length;
    }
    assert.equal(sizeBytes, 200_000_000);
    const piece = Buffer.alloc(1 << 20, 'x');
    const stdin = (async function* () {
      for (let count = 0; count < 60; count++) yield piece;
    })();
    const text = await textOf(reach, ['sh', '-c', 'sleep 0.5; sha256sum'], { stdin });
    const expected = createHash('sha256');
    for (let count = 0; count < 60; count++) expected.update(piece);
    assert.ok(text.startsWith(expected.digest('hex')));
    const grownBytes = peak.stop();
    assert.ok(grownBytes < 60e6, `${grownBytes} bytes`);
  });

  it('is the same to kubectl', { skip: skipWithoutKubectl() }, async () => {
    const kubectl = (...args: string[]) => {
      const own = ['--kubeconfig', server.kubeconfig(), '--cache-dir', join(server.folder, 'cache')];
      return runProgram(['kubectl', ...own, ...args], { stdin: 'through the pipe' });
    };
    const piped = await kubectl('exec', '-i', 'one', '--', 'sh', '-c', 'cat; echo bad >&2; exit 5');
    assert.deepEqual([piped.code, piped.stdout], [5, 'through the pipe']);
    assert.match(piped.stderr, /^bad\n/m);
    assert.match((await kubectl('get', 'pods', '-l', 'app=db', '-o', 'name')).stdout, /^pod\/db-0$/m);
    assert.match(
      (await kubectl('exec', 'one', '-c', 'nobody', '--', 'true')).stderr,
      /container (not found|nobody is not valid)/,
    );
    assert.equal((await kubectl('scale', 'statefulset/idle', '--replicas=1')).code, 0);
    assert.equal(server.cluster.workloads.get('statefulsets/idle')?.replicas, 1);
    await kubectl('scale', 'statefulset/idle', '--replicas=0');
  });
});

const CODES = ['no-pod', 'denied', 'unreachable', 'failed', 'not-found', 'unknown-host-key'].map(
  (one) => `reach.${one}`,
);

/** The most that memory grew, in bytes, the buffers of streams included. */
function watchMemory(): { stop(): number } {
  const { rss } = process.memoryUsage();
  let most = rss;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  return {
    stop() {
      clearInterval(timer);
      return most - rss;
    },
  };
}

/** It is in no package of Debian that is new enough. */
function skipWithoutKubectl(): string | false {
  return locate('kubectl') === undefined ? 'needs kubectl 1.30 or later' : false;
}
