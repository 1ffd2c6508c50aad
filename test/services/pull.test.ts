import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setXattr } from '../../src/base/posix.ts';
import { openKubernetes } from '../../src/reach/kubernetes/open.ts';
import { kubernetesOptions, kubernetesSchema } from '../../src/reach/kubernetes/options.ts';
import type { Held } from '../../src/sources/held.ts';
import type { Source, TouchedFile } from '../../src/sources/source.ts';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { farSource } from '../fixtures/far-files.ts';
import { type FaultProxy, startFaultProxy } from '../fixtures/fault-proxy.ts';
import { holdAll, writeAll } from '../fixtures/files-source.ts';
import { startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { addLogin, busyboxPath, reachTo } from '../fixtures/ssh-login.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { makeNastyTree } from '../fixtures/tree.ts';

interface Outcome {
  readonly runs: readonly {
    readonly members: readonly {
      readonly outcome: string;
      readonly stats?: { readonly filesNew: number; readonly filesChanged: number; readonly filesUnmodified: number };
      readonly error?: { readonly code: string; readonly message: string };
    }[];
  }[];
}

describe('file trees of a host over SSH', { skip: skipWithout(...SSH_PROGRAMS) }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-pull-'));
  const tree = join(folder, 'there/tree');
  let ssh: SshServer;
  let line: FaultProxy;
  let surety: Surety;

  before(async () => {
    makeNastyTree(tree);
    for (const name of ['sparse', 'files/large text']) rmSync(join(tree, name), { recursive: true });
    writeFileSync(join(tree, 'large'), noise(7, 12 * 1024 * 1024));
    ssh = await startSshServer();
    line = await startFaultProxy(ssh.port, { latencyMs: 5 });
    const main = {
      ssh: `${ssh.user}@127.0.0.1:${line.port}`,
      identity_file: ssh.identityFile,
      known_hosts: ssh.knownHosts,
    };
    const configuration = {
      hosts: { main },
      sources: {
        tree: { type: 'files', host: 'main', paths: [tree], exclude: [] },
        touched: { type: 'files', host: 'main', paths: [join(folder, 'there/touched')], compare_touched: true },
      },
      repositories: {
        vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } },
        plain: { type: 'archive', store: 'file:plain', compression: 'none' },
      },
      jobs: {
        both: { sources: ['tree'], to: ['vault', 'plain'] },
        one: { sources: ['tree'], to: ['vault'] },
        touched: { sources: ['touched'], to: ['vault'] },
        'touched-both': { sources: ['touched'], to: ['vault', 'plain'] },
      },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    surety = suretyHere(folder, { VAULT_PASSWORD: 'secret' });
    await initCheaply(await openLocalStore({ path: join(folder, 'vault'), create: true }), 'secret');
    await surety.run('init');
  });

  after(async () => {
    await line?.[Symbol.asyncDispose]();
    await ssh?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Backs up; says what came over the line. */
  async function backUp(job: string) {
    const before = line.counts.downBytes;
    const { code, stdout, stderr } = await surety.attempt('backup', job, '--json');
    assert.ok(code === 0 || code === 1, `${code} ${stdout} ${stderr}`);
    const { members } = (JSON.parse(stdout) as Outcome).runs[0]!;
    return { code, members, cameBytes: line.counts.downBytes - before };
  }

  it('come once for several repositories; later only what changed comes, and in one stream', async () => {
    const first = await backUp('both');
    assert.equal(first.code, 0, JSON.stringify(first.members));
    assert.equal(first.members.length, 2);
    assert.ok(first.cameBytes < 30_000_000, `${first.cameBytes} bytes`);
    const unchanged = await backUp('one');
    assert.deepEqual([unchanged.members[0]!.stats?.filesNew, unchanged.members[0]!.stats?.filesChanged], [0, 0]);
    assert.ok(unchanged.cameBytes < 40_000, `${unchanged.cameBytes} bytes`);
    appendFileSync(join(tree, 'files/text'), 'more');
    writeFileSync(join(tree, 'new'), 'new');
    const changed = await backUp('one');
    assert.deepEqual([changed.members[0]!.stats?.filesNew, changed.members[0]!.stats?.filesChanged], [1, 1]);
    assert.ok(changed.cameBytes < 110_000, `${changed.cameBytes} bytes`);
  });

  it('go back to their place there, all the same', async () => {
    const kept = join(folder, 'kept');
    renameSync(tree, kept);
    const said = await surety.run('restore', 'latest', '--source', 'tree', '--force');
    assert.match(said, /restored to the original place on main/);
    assert.deepEqual(compareTrees(kept, tree, { sparse: false }), [], said);
    rmSync(kept, { recursive: true });
    await surety.run('restore', 'latest', '--source', 'tree', '--target', join(folder, 'here'));
    assert.deepEqual(compareTrees(tree, join(folder, 'here', tree), { sparse: false }), []);
    rmSync(join(folder, 'here'), { recursive: true });
  });

  it('are not backed up by half when the connection breaks in the midst of them', async () => {
    writeFileSync(join(tree, 'large'), noise(8, 12 * 1024 * 1024));
    const snapshots = () => readdirSync(join(folder, 'vault/snapshots')).length;
    const before = snapshots();
    line.state.cutAfterAnswerBytes = 4 * 1024 * 1024;
    const { code, members } = await backUp('one');
    line.state.cutAfterAnswerBytes = undefined;
    assert.deepEqual([code, members[0]!.outcome, members[0]!.error?.code], [1, 'failed', 'reach.unreachable']);
    assert.equal(snapshots(), before);
    assert.equal((await backUp('one')).code, 0);
  });

  it('stay there when they are touched and have the content they had, where that is asked for', async () => {
    const touched = join(folder, 'there/touched');
    const names = Array.from({ length: 200 }, (_, at) => join(touched, `file ${at}`));
    mkdirSync(touched);
    for (const [at, name] of names.entries()) writeFileSync(name, noise(at, 4096));
    const large = join(touched, 'large');
    writeFileSync(large, noise(9, 12 * 1024 * 1024));
    const touch = () => {
      for (const name of [...names, large]) utimesSync(name, 1_700_000_000, new Date());
    };
    const countsOf = ({ members }: Awaited<ReturnType<typeof backUp>>) =>
      members.map(({ stats }) => [stats?.filesNew, stats?.filesChanged, stats?.filesUnmodified]);
    await backUp('touched');
    touch();
    writeFileSync(names[7]!, noise(300, 4096));
    setXattr(names[8]!, 'user.colour', Buffer.from('green'));
    const equal = await backUp('touched');
    assert.deepEqual(countsOf(equal), [[0, 1, 200]]);
    assert.ok(equal.cameBytes < 120_000, `${equal.cameBytes} bytes`);
    touch();
    const bytes = readFileSync(large);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(large, bytes);
    const shared = await backUp('touched-both');
    assert.deepEqual([shared.code, countsOf(shared)[0]], [0, [0, 1, 200]], JSON.stringify(shared.members));
    const target = join(folder, 'here');
    await surety.run('restore', 'latest', '--source', 'touched', '--repository', 'vault', '--target', target);
    assert.deepEqual(compareTrees(touched, join(target, touched)), []);
    rmSync(target, { recursive: true });
  });

  it('are read where there is only busybox, behind a login shell that talks', {
    skip: skipWithout('busybox'),
  }, async () => {
    const script = `echo Welcome; echo motd >&2; PATH=${busyboxPath(ssh)}; export PATH; exec sh -c "$1"`;
    await using reach = await reachTo(ssh, { identityFile: addLogin(ssh, 'busy', script) });
    mkdirSync(join(folder, 'small/new\nline'), { recursive: true });
    writeFileSync(join(folder, 'small/new\nline/a'), 'a');
    const { entries, contents } = await holdAll(farSource({ paths: [join(folder, 'small')] }, { reach }));
    assert.equal(entries.at(-1)?.path, join(folder, 'small/new\nline/a').slice(1));
    assert.equal(Buffer.from([...contents.values()][0]!).toString(), 'a');
  });
});

/** Has all files of a source compared with what was read of them. */
async function expectEqual(source: Source, { entries, contents }: Held): Promise<void> {
  const { signal } = new AbortController();
  await using reading = await source.read({ signal, warn: () => {} });
  const touched: TouchedFile[] = [];
  for await (const batch of reading.entries()) {
    for (const entry of batch.filter(({ type }) => type === 'file')) {
      const sha256 = createHash('sha256').update(contents.get(entry.path)!).digest('hex');
      touched.push({ entry, pieces: entry.sizeBytes === 0 ? [] : [{ sha256, sizeBytes: entry.sizeBytes }] });
    }
  }
  const found = await reading.compare!(touched, { signal });
  const attributes = new Map(entries.map(({ path, xattrs }) => [path, xattrs]));
  assert.ok(touched.length > 50);
  for (const [at, { entry }] of touched.entries()) assert.deepEqual(found[at], attributes.get(entry.path), entry.path);
}

describe('file trees of a pod', { skip: skipWithout('openssl') }, () => {
  it('are not taken for whole when another pod took the place of the one that was listed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-pull-pod-'));
    await using server = await startKubernetesServer();
    try {
      writeFileSync(join(folder, 'one'), 'one');
      server.cluster.addPod({ name: 'one' });
      const raw = kubernetesSchema.parse({ pod: 'one', kubeconfig: server.kubeconfig() });
      await using reach = openKubernetes('pod', kubernetesOptions(raw, '/'));
      const source = farSource({ paths: [folder], exclude: [] }, { reach });
      const { signal } = new AbortController();
      await using reading = await source.read({ signal, warn: () => {} });
      for await (const batch of reading.entries()) {
        for await (const content of reading.content(
          batch.filter(({ type }) => type === 'file'),
          { signal },
        )) {
          if (content.kind === 'stream') for await (const _ of content.chunks);
        }
      }
      server.cluster.pods.delete('one');
      server.cluster.addPod({ name: 'one' });
      await assert.rejects(reading.finish(), { code: 'source.incomplete', retry: 'later' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are read from it, and go back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-pull-pod-'));
    await using server = await startKubernetesServer();
    try {
      const tree = join(folder, 'tree');
      makeNastyTree(tree);
      server.cluster.addPod({ name: 'one' });
      const raw = kubernetesSchema.parse({ pod: 'one', kubeconfig: server.kubeconfig() });
      await using reach = openKubernetes('pod', kubernetesOptions(raw, '/'));
      const source = farSource({ paths: [tree], exclude: [], compare_touched: true }, { reach });
      const held = await holdAll(source);
      await expectEqual(source, held);
      renameSync(tree, join(folder, 'kept'));
      const report = await writeAll(source, held);
      assert.deepEqual([report.failed, report.warnings], [[], []]);
      assert.deepEqual(compareTrees(join(folder, 'kept'), tree, { sparse: false }), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
