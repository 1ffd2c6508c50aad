import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hasCode } from '../../src/base/errors.ts';
import { isRunning } from '../../src/base/running.ts';
import { collectBytes } from '../../src/base/streams.ts';
import type { Reach } from '../../src/reach/reach.ts';
import type { SshOptions } from '../../src/reach/ssh/options.ts';
import { endOf, firstOutputOf } from '../fixtures/child-end.ts';
import { startFaultProxy } from '../fixtures/fault-proxy.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { addLogin, reachTo, sshOptionsOf } from '../fixtures/ssh-login.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';

const how = { signal: new AbortController().signal };

async function textOf(reach: Reach, ...argv: string[]): Promise<string> {
  return Buffer.from(await collectBytes(reach.exec(argv, how).stdout)).toString();
}

/** Nothing can be started there, for this reason. */
async function failsWith(server: SshServer, more: Partial<SshOptions>, code: string, words: RegExp): Promise<void> {
  await using reach = await reachTo(server, more);
  const process = reach.exec(['true'], how);
  await assert.rejects(collectBytes(process.stdout), (error) => hasCode(error, code));
  const { error, code: exitCode } = await process.exit;
  assert.ok(hasCode(error, code));
  assert.match(`${error.message}; ${error.hint}`, words);
  assert.equal(exitCode, null);
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`it does not come to pass that ${what}`);
}

const hasGone = (pid: number) => !isRunning(pid);

describe('a host over SSH that can not be had', { skip: skipWithout(...SSH_PROGRAMS), concurrency: 4 }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('because its key is not known is told with its fingerprint and what to do', async () => {
    const knownHosts = join(server.folder, 'nobody');
    writeFileSync(knownHosts, '');
    await failsWith(
      server,
      { knownHosts },
      'reach.unknown-host-key',
      /it shows SHA256:.*ssh-keyscan is no proof.*nobody/s,
    );
    assert.equal(readFileSync(knownHosts, 'utf8'), '');
  });

  it('because its key is another one is told loudly, with the line that has the old one', async () => {
    const knownHosts = join(server.folder, 'changed');
    const key = readFileSync(join(server.folder, 'other-host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(knownHosts, `# known\n[127.0.0.1]:${server.port} ${key}\n`);
    const words = /THE HOST KEY HAS CHANGED, this may be an attack.*changed line 2.*now it shows SHA256:/s;
    await failsWith(server, { knownHosts }, 'reach.changed-host-key', words);
  });

  it('because the login is refused', async () => {
    await failsWith(
      server,
      { identityFile: server.strangerFile },
      'reach.denied',
      /login was refused.*authorized_keys/s,
    );
  });

  it('because there is no such host, or nothing listens', async () => {
    await failsWith(server, { host: 'no-such-host.invalid' }, 'reach.unreachable', /ssh:\/\/.*no-such-host/);
    const [port = 0] = await freePorts(1);
    await failsWith(server, { port }, 'reach.unreachable', /host main .*Connection refused/);
  });

  it('because the account runs no commands', async () => {
    const identityFile = addLogin(server, 'nologin', 'echo "This account is currently not available."; exit 1');
    await failsWith(server, { identityFile }, 'reach.denied', /runs no commands.*currently not available/);
  });

  it('because nothing begins to run, which is not the fault of the line', async () => {
    const identityFile = addLogin(server, 'silent', 'sleep 30');
    const times = { connectTimeoutMs: 500, idleTimeoutMs: 1000 };
    await failsWith(server, { ...times, identityFile }, 'reach.unreachable', /though it let the login in/);
  });

  it('because nothing answers', async () => {
    await using line = await startFaultProxy(server.port, { mode: 'blackhole' });
    const times = { connectTimeoutMs: 1000, idleTimeoutMs: 1000 };
    await failsWith(server, { ...times, port: line.port }, 'reach.unreachable', /can not be reached/);
  });

  it('is given up at once when the signal is aborted', async () => {
    await using line = await startFaultProxy(server.port, { mode: 'blackhole' });
    await using reach = await reachTo(server, { port: line.port });
    const controller = new AbortController();
    const reason = new Error('stop');
    const process = reach.exec(['true'], { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 200);
    await assert.rejects(collectBytes(process.stdout), (error) => error === reason);
    assert.equal((await process.exit).error, reason);
  });
});

describe('a connection over SSH', { skip: skipWithout(...SSH_PROGRAMS) }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('that breaks in the middle is no exit code, and the next command makes a new one', async () => {
    await using reach = await reachTo(server);
    const process = reach.exec(['sh', '-c', 'echo half; sleep 60'], how);
    const output = process.stdout[Symbol.asyncIterator]();
    await output.next();
    server.cut();
    await assert.rejects(output.next(), (error) => hasCode(error, 'reach.unreachable'));
    const { code, error } = await process.exit;
    assert.equal(code, null);
    assert.ok(hasCode(error, 'reach.unreachable'));
    assert.equal(error.retry, 'later');
    assert.match(error.message, /host main .* broke in the middle/);
    assert.equal(await textOf(reach, 'echo', 'again'), 'again\n');
  });

  it('that is reset between the last output and the exit code is not a success', async () => {
    await using line = await startFaultProxy(server.port);
    await using reach = await reachTo(server, { port: line.port });
    const process = reach.exec(['sh', '-c', 'head -c 5000000 /dev/zero'], how);
    line.state.cutAfterAnswerBytes = 4_000_000;
    await assert.rejects(collectBytes(process.stdout), (error) => hasCode(error, 'reach.unreachable'));
    assert.notEqual((await process.exit).code, 0);
  });

  it('on which nothing is answered any more is given up', async () => {
    await using line = await startFaultProxy(server.port);
    await using reach = await reachTo(server, { port: line.port, idleTimeoutMs: 4000 });
    const process = reach.exec(['sh', '-c', 'echo up; sleep 60'], how);
    const output = process.stdout[Symbol.asyncIterator]();
    await output.next();
    line.state.mode = 'blackhole';
    await assert.rejects(output.next(), (error) => hasCode(error, 'reach.unreachable'));
  });

  it('that can not be shared is made for each command', async () => {
    await using lonely = await startSshServer({ lines: ['MaxSessions 1'] });
    await using reach = await reachTo(lonely);
    const controller = new AbortController();
    const sleeper = reach.exec(['sh', '-c', 'echo $$; exec sleep 60'], { signal: controller.signal });
    const output = sleeper.stdout[Symbol.asyncIterator]();
    const pid = Number(Buffer.from((await output.next()).value!).toString());
    assert.equal(await textOf(reach, 'echo', 'beside'), 'beside\n');
    controller.abort();
    await sleeper.exit;
    assert.ok(hasGone(pid));
  });

  it('needs the program ssh', async () => {
    const path = process.env.PATH;
    const folder = join(server.folder, 'only-sh');
    mkdirSync(folder);
    symlinkSync('/bin/sh', join(folder, 'sh'));
    process.env.PATH = folder;
    try {
      await failsWith(server, {}, 'reach.not-found', /program ssh, which is needed for host main.*openssh-client/s);
    } finally {
      process.env.PATH = path;
    }
  });

  it('leaves nothing behind there when a program is aborted', async () => {
    await using reach = await reachTo(server);
    const controller = new AbortController();
    const script = 'trap "" TERM; sleep 61 & echo $$ $!; wait; wait';
    const process = reach.exec(['sh', '-c', script], { signal: controller.signal, killAfterMs: 200 });
    const first = await process.stdout[Symbol.asyncIterator]().next();
    const pids = Buffer.from(first.value!).toString().trim().split(' ').map(Number);
    assert.ok(pids.every(isRunning));
    controller.abort();
    await process.exit;
    assert.deepEqual(pids.filter(isRunning), []);
  });

  it('is gone, with its socket and all that ran over it, when the reach is disposed of', async () => {
    const reach = await reachTo(server);
    await textOf(reach, 'true');
    const many = Array.from({ length: 9 }, () => reach.exec(['sh', '-c', 'echo up; sleep 63'], how));
    await Promise.all(many.map(({ stdout }) => stdout[Symbol.asyncIterator]().next()));
    const socket = socketOf(reach);
    assert.ok(existsSync(socket));
    assert.ok(clientsOf(socket).length > 0);
    await reach[Symbol.asyncDispose]();
    for (const { exit } of many) assert.notEqual((await exit).code, 0);
    // Guards have the words of what they guard, and end a moment after it.
    await until(() => clientsOf(socket).length === 0, 'no process is left');
    assert.deepEqual(clientsOf(`-p\0${server.port}`), []);
    assert.ok(!existsSync(join(socket, '..')));
  });

  it('is gone when this process is killed, with all that ran over it', async () => {
    const runtime = mkdtempSync(join(tmpdir(), 's-'));
    const child = spawn(process.execPath, ['--input-type=module', '-e', HELD, JSON.stringify(sshOptionsOf(server))], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, XDG_RUNTIME_DIR: runtime },
    });
    const socket = (await firstOutputOf(child)).toString().trim();
    assert.ok(clientsOf(socket).length >= 2);
    child.kill('SIGKILL');
    await endOf(child);
    await until(() => clientsOf(socket).length === 0 && readdirSync(runtime).length === 0, 'nothing is left');
    rmSync(runtime, { recursive: true });
  });
});

const HELD = `
  const { openSsh } = await import('${new URL('../../src/reach/ssh/open.ts', import.meta.url)}');
  const reach = await openSsh({ name: 'main', options: JSON.parse(process.argv[1]) });
  const running = reach.exec(['sh', '-c', 'echo up; sleep 62'], { signal: new AbortController().signal });
  await running.stdout[Symbol.asyncIterator]().next();
  console.log(reach.shell.argv.find((word) => word.startsWith('ControlPath=')).slice(12).replaceAll('"', ''));
`;

function socketOf(reach: Reach): string {
  const option = reach.shell!.argv.find((word) => word.startsWith('ControlPath='));
  return option!.slice('ControlPath='.length).replaceAll('"', '');
}

/** Processes of this machine that have the socket in their arguments. */
function clientsOf(socket: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(socket);
      } catch {
        return false;
      }
    });
}
