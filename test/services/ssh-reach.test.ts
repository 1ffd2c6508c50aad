import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectBytes } from '../../src/base/streams.ts';
import { reachContract } from '../../src/reach/contract.ts';
import type { Reach } from '../../src/reach/reach.ts';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { addLogin, busyboxPath, reachTo } from '../fixtures/ssh-login.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';

const how = { signal: new AbortController().signal };

async function textOf(reach: Reach, ...argv: string[]): Promise<string> {
  const process = reach.exec(argv, how);
  return Buffer.from(await collectBytes(process.stdout)).toString();
}

describe('the reach over SSH', { skip: skipWithout(...SSH_PROGRAMS) }, () => {
  let server: SshServer;
  let shared: Reach;
  let login: Reach;
  before(async () => {
    server = await startSshServer();
    shared = await reachTo(server);
    const path = locate('busybox') === undefined ? '' : `PATH=${busyboxPath(server)}; export PATH; `;
    const script = `echo Welcome; echo 'motd' >&2; ${path}exec sh -c "$1"`;
    login = await reachTo(server, { identityFile: addLogin(server, 'busy', script) });
  });
  after(async () => {
    await shared?.[Symbol.asyncDispose]();
    await login?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const kept = (reach: Reach): Reach => ({ ...reach, async [Symbol.asyncDispose]() {} });

  for (const check of reachContract(async () => kept(shared))) it(check.name, () => check.run());

  it('knows an exit code of 255 from a failure of ssh', async () => {
    assert.deepEqual(await shared.exec(['sh', '-c', 'exit 255'], how).exit, { code: 255, signal: null });
  });

  it('takes no more of an input than is read there, and of an output than is read here', async () => {
    const chunk = Buffer.alloc(1 << 20);
    let sent = 0;
    const stdin = (async function* () {
      for (; sent < 40; sent++) yield chunk;
    })();
    const process = shared.exec(['sh', '-c', 'sleep 0.5; echo waited; exec cat'], { ...how, stdin });
    const output = process.stdout[Symbol.asyncIterator]();
    const first = await output.next();
    assert.ok(sent < 10, `${sent} MiB were taken`);
    let sizeBytes = first.value!.length - 'waited\n'.length;
    for (let next = await output.next(); next.done !== true; next = await output.next()) sizeBytes += next.value.length;
    assert.equal(sizeBytes, 40 * chunk.length);
  });

  it('makes one connection for everything', () => {
    assert.equal(server.log().match(/Accepted publickey/g)?.length, 1);
  });

  describe('behind a login shell that talks, with busybox', { skip: skipWithout('busybox') }, () => {
    for (const check of reachContract(async () => kept(login))) it(check.name, () => check.run());
  });

  for (const shell of ['fish', 'tcsh'] as const) {
    it(`has ${shell} for a login shell`, { skip: skipWithout(shell) }, async () => {
      const identityFile = addLogin(server, shell, `exec ${locate(shell)} -c "$1"`);
      await using reach = await reachTo(server, { identityFile });
      assert.equal(await textOf(reach, 'printf', '%s|', "it's", '$HOME', 'a\nb', '!x'), "it's|$HOME|a\nb|!x|");
    });
  }

  it('says who answers there', async () => {
    const { address, key } = await shared.identity!(how);
    assert.equal(address, '127.0.0.1');
    assert.match(key ?? '', /^SHA256:/);
  });

  it('knows who answers when this process was busy while it connected', async () => {
    await using reach = await reachTo(server);
    const asked = reach.identity!(how);
    const clock = new Int32Array(new SharedArrayBuffer(4));
    await sleep(20);
    Atomics.wait(clock, 0, 0, 800);
    assert.deepEqual(await asked, await shared.identity!(how));
  });

  it('knows who answers behind a host that it goes through', async () => {
    const { host, port, user } = server;
    await using reach = await reachTo(server, { jump: `${user}@${host}:${port}` });
    assert.deepEqual(await reach.identity!(how), await shared.identity!(how));
  });

  it('is not led astray by what the configuration of a user asks of ssh', async () => {
    const configFile = join(server.folder, 'odd-config');
    const odd = [
      'ForkAfterAuthentication yes',
      'StdinNull yes',
      'RequestTTY force',
      'RemoteCommand true',
      'LogLevel QUIET',
    ];
    writeFileSync(configFile, `Host *\n${odd.map((line) => `  ${line}\n`).join('')}`);
    await using reach = await reachTo(server, { configFile });
    const process = reach.exec(['cat'], { ...how, stdin: Readable.from([Buffer.from('said there')]) });
    assert.equal(Buffer.from(await collectBytes(process.stdout)).toString(), 'said there');
    assert.deepEqual(await process.exit, { code: 0, signal: null });
  });

  it('has many commands at a time, more than one connection takes', async () => {
    const logins = () => server.log().match(/Accepted publickey/g)!.length;
    const loginsBefore = logins();
    const texts = await Promise.all(
      Array.from({ length: 12 }, (_, number) => textOf(shared, 'sh', '-c', `sleep 0.3; echo ${number}`)),
    );
    assert.deepEqual(
      texts,
      Array.from({ length: 12 }, (_, number) => `${number}\n`),
    );
    assert.equal(logins() - loginsBefore, 1);
  });
});
