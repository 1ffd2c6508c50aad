import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { addLogin, busyboxPath } from '../fixtures/ssh-login.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';

interface Document {
  sources: Record<string, object>;
  repositories: Record<string, object>;
}

interface Listed {
  readonly repositories: readonly { readonly snapshots: readonly { readonly host: string }[] }[];
}

interface Report {
  readonly host: string;
  readonly outcome: string;
  readonly identity?: { readonly address: string; readonly key: string };
  readonly findings: readonly { readonly what: string; readonly status: string; readonly detail: string }[];
  readonly tools: readonly { readonly name: string; readonly version: string }[];
  readonly abilities: readonly { readonly what: string; readonly able: boolean }[];
}

describe('surety host check', { skip: skipWithout(...SSH_PROGRAMS) }, () => {
  let server: SshServer;
  let project: Project;
  let hosts: Record<string, Record<string, unknown>>;

  /** The configuration with these hosts; a command of `main` is backed up. */
  function configure(more: Record<string, unknown> = {}, used: readonly string[] = ['main']): void {
    const source = (host: string) => ({ type: 'command', host, backup: ['echo', 'dumped'], restore: ['cat'] });
    const sources = Object.fromEntries(used.map((host) => [`of-${host}`, source(host)]));
    const { repository } = project;
    const repositories = { vault: { type: 'archive', store: `file:${repository}` } };
    const jobs = { nightly: { sources: 'all', to: 'all', keep: { last: 3 } } };
    const document = { hosts: { ...hosts, ...more }, sources, repositories, jobs };
    writeFileSync(join(project.folder, 'surety.yaml'), JSON.stringify(document));
  }

  function change(edit: (document: Document) => void): void {
    const file = join(project.folder, 'surety.yaml');
    const document: Document = JSON.parse(readFileSync(file, 'utf8'));
    edit(document);
    writeFileSync(file, JSON.stringify(document));
  }

  async function reports(...names: string[]): Promise<{ code: number; hosts: readonly Report[] }> {
    const { code, stdout } = await project.here.attempt('host', 'check', ...names, '--json');
    const document = JSON.parse(stdout);
    assert.ok(document.hosts !== undefined, stdout);
    return { code, hosts: document.hosts };
  }

  before(async () => {
    server = await startSshServer();
    project = makeProject();
    const { host, port, user, identityFile, knownHosts } = server;
    const ssh = `${user}@${host}:${port}`;
    hosts = { main: { ssh, identity_file: identityFile, known_hosts: knownHosts } };
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await project?.[Symbol.asyncDispose]();
  });

  it('tells who answers, and what can be done there', async () => {
    configure();
    const { code, hosts: found } = await reports();
    assert.equal(code, 0);
    const [report] = found;
    assert.equal(report?.identity?.address, '127.0.0.1');
    const finger = /SHA256:\S+/.exec(readFileSync(server.knownHosts, 'utf8'))?.[0] ?? 'SHA256:';
    assert.ok(report.identity.key.startsWith(finger));
    assert.deepEqual(
      report.findings.map(({ what, status }) => `${what} ${status}`),
      ['reach ok', 'identity ok', 'account ok', 'clock ok', 'temporary folder ok', 'userland ok'],
    );
    assert.match(report.findings.find(({ what }) => what === 'userland')!.detail, /find: GNU, tar: GNU, stat: GNU/);
    assert.match(report.tools.find(({ name }) => name === 'tar')!.version, /^\d+\.\d+/);
    assert.ok(report.abilities.find(({ what }) => what === 'file trees')!.able);
    const text = await project.here.run('host', 'check', 'main');
    assert.match(text, /^main: ssh:\/\/.*, the host of of-main\n/);
    assert.match(text, /Programs there: .*tar \d/);
  });

  it('finds a busybox userland and a clock that is wrong', { skip: skipWithout('busybox') }, async () => {
    const path = busyboxPath(server);
    const date = `case "$*" in -u*) ${locate('busybox')} date -u -d @1000000000 "$2";; esac`;
    const tools = join(server.folder, 'tools');
    const script = `mkdir -p ${tools}; printf '%s\\n' '#!/bin/sh' '${date}' > ${tools}/date; chmod +x ${tools}/date; PATH=${tools}:${path}; export PATH; exec sh -c "$1"`;
    configure({ busy: { ...hosts.main, identity_file: addLogin(server, 'busy', script) } }, ['main', 'busy']);
    const { code, hosts: found } = await reports('busy');
    assert.equal(code, 3);
    const detail = (what: string) => found[0]!.findings.find((one) => one.what === what)!.detail;
    assert.equal(detail('userland'), 'find: busybox, tar: busybox, stat: busybox');
    assert.match(detail('clock'), /behind this machine/);
    assert.ok(!found[0]!.abilities.find(({ what }) => what === 'PostgreSQL')!.able);
  });

  it('ends with 1 when a host can not be reached, and still tells of the others', async () => {
    configure({ away: { ...hosts.main, ssh: '127.0.0.1:1' } }, ['main', 'away']);
    const { code, hosts: found } = await reports();
    assert.equal(code, 1);
    assert.deepEqual(
      found.map(({ host, outcome }) => `${host} ${outcome}`),
      ['main ok', 'away failed'],
    );
    assert.match(found[1]!.findings[0]!.detail, /Connection refused/);
    const { stdout } = await project.here.attempt('check');
    assert.match(stdout, /ok +source of-main[\s\S]*failed +source of-away +readable .*Connection refused/);
  });

  it('is the same for a pod, which may be another one each time', { skip: skipWithout('openssl') }, async () => {
    await using cluster = await startKubernetesServer();
    cluster.cluster.addPod({ name: 'db', containers: [{ folder: server.folder }] });
    configure({ pod: { kubernetes: { pod: 'db', kubeconfig: cluster.kubeconfig() } } }, ['main', 'pod']);
    const { code, hosts: found } = await reports('pod');
    assert.equal(code, 0);
    assert.ok(found[0]!.abilities.find(({ what }) => what === 'file trees')!.able);
    assert.ok(!found[0]!.abilities.some(({ what }) => what === 'rsync mirrors'));
    cluster.cluster.remove('db');
    cluster.cluster.addPod({ name: 'db', containers: [{ folder: server.folder }] });
    assert.equal((await reports('pod')).code, 0);
  });

  it('knows this machine, and suggests names', async () => {
    configure();
    const { hosts: found } = await reports('local');
    assert.equal(found[0]?.outcome, 'ok');
    const { code, stderr } = await project.here.attempt('host', 'check', 'mian');
    assert.equal(code, 2);
    assert.match(stderr, /did you mean main/);
  });

  it('is where hooks of a source run, and where a store can be', async () => {
    const proof = join(server.folder, 'hook-ran');
    const hooks = { before: [`test -n "$SSH_CONNECTION" && echo "$SURETY_SOURCE" > ${proof}`] };
    configure();
    change((document) => {
      Object.assign(document.sources['of-main']!, { hooks });
      document.repositories.away = { type: 'archive', store: { host: 'main', path: join(server.folder, 'away') } };
    });
    await project.here.run('init');
    await project.here.run('backup');
    assert.equal(readFileSync(proof, 'utf8'), 'of-main\n');
    const listed = await project.here.json<Listed>('list');
    assert.deepEqual(
      listed.repositories.map(({ snapshots }) => snapshots.map(({ host }) => host)),
      [['main'], ['main']],
    );
  });

  it('is told by config check: unused, not reached, another one than before', async () => {
    configure({ away: { ...hosts.main, ssh: '127.0.0.1:1' } });
    const offline = await project.here.attempt('config', 'check', '--no-reach');
    assert.equal(offline.code, 3);
    assert.match(offline.stdout, /hosts\.away: no source, hook or store uses it/);
    assert.doesNotMatch(offline.stdout, /reached/);
    const checked = await project.here.attempt('config', 'check');
    assert.match(checked.stdout, /surety\.yaml:1:\d+ hosts\.away: host away \(ssh:.*can not be reached: .*refused/);
    assert.doesNotMatch(checked.stdout, /hosts\.main/);

    configure();
    await reports();
    await server.kill();
    await server.start({ otherKey: true });
    assert.match((await project.here.attempt('config', 'check')).stdout, /hosts\.main: THE HOST KEY HAS CHANGED/);
    const key = readFileSync(join(server.folder, 'other-host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(server.knownHosts, `127.0.0.1,[127.0.0.1]:* ${key}\n`);
    const another =
      /its host key is another one since the last success \(\d{4}-\d\d-\d\d\): SHA256:\S+, it was SHA256:/;
    for (const _ of [1, 2]) assert.match((await project.here.attempt('config', 'check')).stdout, another);
    const { code, stderr } = await project.here.attempt('backup');
    assert.equal(code, 0);
    assert.match(stderr, another);
    assert.equal((await project.here.attempt('config', 'check')).code, 0);
  });
});
