import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { storeContract } from '../../src/stores/contract.ts';
import { openSftpStore } from '../../src/stores/sftp/open.ts';
import type { SftpStoreOptions } from '../../src/stores/sftp/options.ts';
import type { Store } from '../../src/stores/store.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';

const skip = skipWithout(...SSH_PROGRAMS);

describe('a store on an SFTP server', { skip }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
  });
  after(() => server[Symbol.asyncDispose]());

  /** A fresh folder on the server. */
  const fresh = (more: Partial<SftpStoreOptions> = {}): SftpStoreOptions => ({
    host: server.host,
    port: server.port,
    user: server.user,
    identityFile: server.identityFile,
    knownHosts: server.knownHosts,
    path: join(mkdtempSync(join(server.folder, 'store-')), 'root'),
    ...more,
  });
  const openFresh = (more: Partial<SftpStoreOptions> = {}): Promise<Store> =>
    openSftpStore(fresh(more), { create: true });

  for (const check of storeContract(() => openFresh())) it(check.name, () => check.run());
});
