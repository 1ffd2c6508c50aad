import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hasCode } from '../../src/base/errors.ts';
import { openSftpStore } from '../../src/stores/sftp/open.ts';
import type { Store } from '../../src/stores/store.ts';
import { unfinishedName } from '../../src/stores/unfinished-name.ts';
import { mountSmallDisk } from '../faults/small-disk.ts';
import { endOf, firstOutputOf } from '../fixtures/child-end.ts';
import { noise } from '../fixtures/content.ts';
import { startFaultProxy } from '../fixtures/fault-proxy.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import { openSftp, sftpOptions } from '../fixtures/sftp-store.ts';
import { SSH_PROGRAMS, type SshServer, type SshServerHow, startSshServer } from '../fixtures/ssh-server.ts';

const how = { signal: new AbortController().signal };
const skip = skipWithout(...SSH_PROGRAMS);

async function keys(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('', how)) found.push(key);
  return found.sort();
}

/** Fails with this code, and says so in words that match. */
async function failsWith(outcome: Promise<unknown>, code: string, words: RegExp): Promise<void> {
  await assert.rejects(outcome, (error) => {
    assert.ok(hasCode(error, code), `${String(error)} is not ${code}`);
    assert.match(`${error.message}; ${error.hint}`, words);
    return true;
  });
}

describe('an SFTP server that is reached', { skip, concurrency: 3 }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
  });
  after(() => server[Symbol.asyncDispose]());

  test('and cut several times gets a body that can be read once, whole', async () => {
    await using line = await startFaultProxy(server.port, { cutAfterBytes: 6_000_000 });
    const options = sftpOptions(server, { port: line.port, connections: 2, partSizeBytes: 1 << 20 });
    await using store = await openSftpStore(options, { create: true });
    const body = noise(1, 24_000_000);
    let opened = 0;
    const open = async function* () {
      opened += 1;
      for (let at = 0; at < body.length; at += 700_000) yield body.subarray(at, at + 700_000);
    };
    await store.put('data/big', { once: true, open }, how);
    assert.equal(opened, 1);
    assert.ok(line.counts.connections >= 4, `${line.counts.connections} connections`);
    line.state.cutAfterBytes = undefined;
    assert.deepEqual(Buffer.from(await store.read('data/big', undefined, how)), Buffer.from(body));
    assert.deepEqual(await keys(store), ['data/big']);
  });

  test('by a client that is killed midway shows nothing, and the next one clears up', async () => {
    const options = sftpOptions(server);
    await using store = await openSftpStore(options, { create: true });
    const child = spawn(process.execPath, ['--input-type=module', '-e', ENDLESS_PUT, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await firstOutputOf(child);
    child.kill('SIGKILL');
    await endOf(child);
    const unfinished = join(options.path, 'tmp');
    assert.equal(readdirSync(unfinished).length, 1);
    assert.deepEqual(await keys(store), []);
    assert.equal(await store.stat('endless', how), undefined);

    const old = join(unfinished, `0123456789ab-1-${'0'.repeat(16)}`);
    const young = join(unfinished, `0123456789ab-1-${'1'.repeat(16)}`);
    const own = join(unfinished, unfinishedName());
    for (const path of [old, young, own]) writeFileSync(path, 'left');
    utimesSync(old, 1_600_000_000, 1_600_000_000);
    {
      await using next = await openSftpStore(options, { create: false });
      await next.put('a', noise(2, 1000), how);
    }
    assert.deepEqual(
      readdirSync(unfinished)
        .map((name) => join(unfinished, name))
        .sort(),
      [young, own].sort(),
    );
  });

  test('and swallows everything is given up', async () => {
    await using line = await startFaultProxy(server.port);
    await using store = await openSftp(server, { port: line.port, idleTimeoutMs: 1000 });
    await store.put('a', noise(3, 1000), how);
    line.state.mode = 'blackhole';
    const beganMs = performance.now();
    await failsWith(store.read('a', undefined, how), 'store.unavailable', /no answer|not responding/i);
    assert.ok(performance.now() - beganMs < 8000);
    line.state.mode = 'pass';
    assert.equal((await store.read('a', undefined, how)).length, 1000);
  });

  test('by an alias of the configuration of ssh, below the home folder, through another host', async () => {
    const path = join(server.folder, 'aliased');
    await using store = await openSftpStore(
      { host: 'surety-test', sshConfig: server.sshConfig, path },
      { create: true },
    );
    await store.put('a', noise(4, 10), how);
    assert.ok(existsSync(join(path, 'a')));
    assert.equal(store.traits.location, `sftp://surety-test${path}`);
    // The home folder is the root of this path.
    const jump = `${server.user}@127.0.0.1:${server.port}`;
    await using through = await openSftpStore(sftpOptions(server, { path, jump }), { create: false });
    assert.deepEqual(await keys(through), ['a']);
    const home = '../'.repeat(20) + path.slice(1);
    await using relative = await openSftpStore(sftpOptions(server, { path: home }), { create: false });
    assert.deepEqual(await keys(relative), ['a']);
  });

  test('whose key is unknown or changed is not trusted', async () => {
    const unknown = join(server.folder, 'empty-hosts');
    writeFileSync(unknown, '');
    await failsWith(
      openSftp(server, { knownHosts: unknown }),
      'store.untrusted',
      /not in known_hosts.*ssh-keyscan -p \d+ \S+ >>/,
    );
    await failsWith(
      openSftp(server, { knownHosts: join(server.folder, 'no such file') }),
      'store.untrusted',
      /known_hosts/,
    );
    await using other = await startSshServer();
    const options = { port: other.port, identityFile: other.identityFile };
    await failsWith(openSftp(server, options), 'store.untrusted', /another one than in known_hosts.*ssh-keygen -R/);
    const jump = `${other.user}@127.0.0.1:${other.port}`;
    await failsWith(openSftp(server, { jump }), 'store.untrusted', /known_hosts/);
  });

  test('with a wrong key, one that others can read, or none lets nobody in', async () => {
    await failsWith(
      openSftp(server, { identityFile: server.strangerFile }),
      'store.credentials',
      /Permission denied.*authorized_keys/,
    );
    const open = join(server.folder, 'open-key');
    writeFileSync(open, 'no key');
    chmodSync(open, 0o644);
    await failsWith(openSftp(server, { identityFile: open }), 'store.credentials', /key/);
  });

  test('at a wrong port or name is not reached', async () => {
    const [port = 0] = await freePorts(1);
    const nowhere = await openSftpStore(sftpOptions(server, { port }), { create: false });
    await failsWith(nowhere.stat('a', how), 'store.unavailable', /Connection refused.*port/);
    const unnamed = await openSftpStore(sftpOptions(server, { host: 'no-such-host.invalid' }), { create: false });
    await failsWith(unnamed.stat('a', how), 'store.unavailable', /resolve hostname/);
    await nowhere[Symbol.asyncDispose]();
    await unnamed[Symbol.asyncDispose]();
  });

  test('without the folder says so', async () => {
    await using store = await openSftpStore(sftpOptions(server), { create: false });
    await failsWith(store.put('a', noise(5, 10), how), 'store.not-found', /folder .* does not exist.*surety init/);
    await failsWith(keys(store), 'store.not-found', /does not exist/);
    await failsWith(store.read('a', undefined, how), 'store.not-found', /does not exist/);
  });

  test('with a full disk, and one that is read-only', { skip: skipUnlessRoot() || skipWithout('mount') }, async () => {
    await using disk = await mountSmallDisk('size=4m');
    const path = join(disk.path, 'root');
    mkdirSync(path);
    const stream = {
      open: async function* () {
        yield noise(8, 6_000_000);
      },
    };
    {
      await using store = await openSftpStore(sftpOptions(server, { path }), { create: false });
      await store.put('a', noise(6, 1_000_000), how);
      await failsWith(store.put('b', noise(7, 6_000_000), how), 'store.full', /disk is full.*make room/);
      await failsWith(store.put('b', stream, how), 'store.full', /disk is full/);
      assert.deepEqual(await keys(store), ['a']);
    }
    {
      await using store = await openSftpStore(sftpOptions(server, { path }), { create: false });
      // What did not fit has left nothing behind.
      await store.put('b', noise(9, 2_000_000), how);
    }
    await disk.remount('ro');
    await using store = await openSftpStore(sftpOptions(server, { path }), { create: false });
    await failsWith(store.put('c', noise(10, 10), how), 'store.read-only', /read-only/);
    await failsWith(store.delete('b', how), 'store.read-only', /read-only/);
  });

  test('and a mount that went away lists nothing as if it were empty', {
    skip: skipUnlessRoot() || skipWithout('mount'),
  }, async () => {
    await using disk = await mountSmallDisk('size=4m');
    await using store = await openSftpStore(sftpOptions(server, { path: disk.path }), { create: false });
    await store.put('a', noise(11, 10), how);
    await expectSuccess(['umount', '-l', disk.path]);
    await failsWith(keys(store), 'store.unavailable', /not on the disk/);
    await failsWith(store.put('b', noise(12, 10), how), 'store.unavailable', /not on the disk/);
    await failsWith(store.stat('a', how), 'store.unavailable', /not on the disk/);
  });
});

const servers: readonly (readonly [string, SshServerHow, string, RegExp])[] = [
  ['without the subsystem', { sftp: 'none' }, 'store.failed', /no SFTP.*Subsystem/],
  [
    'whose shell prints something first',
    { sftp: { command: 'echo Welcome' } },
    'store.failed',
    /printed text.*Welcome.*bashrc/,
  ],
  ['that may only be read', { sftp: { flags: '-R' } }, 'store.denied', /permission denied/],
];

for (const [what, serverHow, code, words] of servers) {
  test(`an SFTP server ${what} says so, and what to do`, { skip }, async () => {
    await using server = await startSshServer(serverHow);
    await using store = await openSftpStore(sftpOptions(server, { path: server.folder }), { create: false });
    await failsWith(store.put('a', noise(13, 10), how), code, words);
  });
}

test('an SFTP server that dies is waited for, and one that only allows SFTP is enough', { skip }, async () => {
  await using server = await startSshServer({ onlySftp: true });
  await using store = await openSftp(server);
  await store.put('a', noise(14, 1000), how);
  const putting = failsWith(store.put('b', noise(15, 30_000_000), how), 'store.unavailable', /can not be reached/);
  await server.kill();
  await putting;
  await failsWith(store.read('a', undefined, how), 'store.unavailable', /Connection refused/);
  await server.start();
  assert.equal((await store.read('a', undefined, how)).length, 1000);
  assert.deepEqual(await keys(store), ['a']);
});

const ENDLESS_PUT = `
  const { openSftpStore } = await import(${JSON.stringify(new URL('../../src/stores/sftp/open.ts', import.meta.url).href)});
  const store = await openSftpStore({ ...JSON.parse(process.argv[1]), partSizeBytes: 1 << 20 }, { create: false });
  async function* open() {
    for (let piece = 0; ; piece++) {
      yield new Uint8Array(1 << 20);
      if (piece === 8) process.stdout.write('under way');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await store.put('endless', { once: true, open }, { signal: new AbortController().signal });
`;
