import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { reachContract } from '../../src/reach/contract.ts';
import type { Reach } from '../../src/reach/reach.ts';
import { openSsh } from '../../src/reach/ssh/open.ts';
import { type SshOptions, sshOptions } from '../../src/reach/ssh/options.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';

const how = { signal: new AbortController().signal };

function optionsOf(server: SshServer, more: Partial<SshOptions> = {}): SshOptions {
  const { host, port, user, identityFile, knownHosts } = server;
  return { ...sshOptions({ host, port, user }, {}, '/'), identityFile, knownHosts, ...more };
}

function reachTo(server: SshServer, more: Partial<SshOptions> = {}): Promise<Reach> {
  return openSsh({ name: 'main', options: optionsOf(server, more) });
}

describe('the reach over SSH', { skip: skipWithout(...SSH_PROGRAMS) }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
  });
  after(async () => await server[Symbol.asyncDispose]());

  for (const check of reachContract(() => reachTo(server))) it(check.name, () => check.run());

  it('says who answers there', async () => {
    await using reach = await reachTo(server);
    const { address, key } = await reach.identity!(how);
    assert.equal(address, '127.0.0.1');
    assert.match(key ?? '', /^SHA256:/);
  });
});
