import { after, before, describe, it } from 'node:test';
import { type Check, storeContract } from '../../src/stores/contract.ts';
import type { Store } from '../../src/stores/store.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { type FaultProxy, startFaultProxy } from '../fixtures/fault-proxy.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { openSftp } from '../fixtures/sftp-store.ts';
import { SSH_PROGRAMS, type SshServer, type SshServerHow, startSshServer } from '../fixtures/ssh-server.ts';

const skip = skipWithout(...SSH_PROGRAMS);
const policy = { attempts: 8, firstDelayMs: 1, longestDelayMs: 50 };

/** The calls of each store during which its line is cut. */
const CUT_CALLS = new Set([2, 3, 9, 20, 45]);

/** Cuts the line during some calls. */
function cutting(store: Store, line: FaultProxy): Store {
  let calls = 0;
  const cutDuring = async <T>(call: Promise<T>): Promise<T> => {
    if (CUT_CALLS.has(++calls)) setTimeout(line.cut, calls % 2 === 0 ? 0 : 2);
    return await call;
  };
  return {
    ...store,
    put: (key, body, how) => cutDuring(store.put(key, body, how)),
    read: (key, range, how) => cutDuring(store.read(key, range, how)),
    stat: (key, how) => cutDuring(store.stat(key, how)),
    delete: (key, how) => cutDuring(store.delete(key, how)),
    async *stream(key, range, how) {
      for await (const chunk of store.stream(key, range, how)) {
        await cutDuring(Promise.resolve());
        yield chunk;
      }
    },
    async *list(prefix, how) {
      for await (const stored of store.list(prefix, how)) {
        await cutDuring(Promise.resolve());
        yield stored;
      }
    },
  };
}

interface Variant {
  readonly server?: SshServerHow;
  readonly checks?: (check: Check) => boolean;
  make(server: SshServer): Promise<Store>;
}

const variants: Readonly<Record<string, Variant>> = {
  'a store on an SFTP server': { make: (server) => openSftp(server) },
  'a store on a server that knows nothing but the protocol itself': {
    server: { sftp: { flags: '-P posix-rename,hardlink,fsync,statvfs,limits,lsetstat' } },
    // Without the extension for it, no key can be replaced in one step.
    checks: ({ name, heavy }) =>
      !heavy &&
      !/while it is replaced|under one key at once/.test(name) &&
      /replac|ifAbsent|at once|deleted/.test(name),
    make: (server) => openSftp(server),
  },
  'a store whose connections are cut all the time, with retry': {
    // A stream that goes on after a cut may go on in the body that replaced the first one.
    checks: ({ name, heavy }) =>
      !heavy &&
      !/while it is replaced/.test(name) &&
      /whole|ifAbsent|a list|once|many calls|can be put again/.test(name),
    async make(server) {
      const line = await startFaultProxy(server.port);
      const store = await openSftp(server, { port: line.port, connections: 2, idleTimeoutMs: 5000 });
      return {
        ...withRetry(cutting(store, line), { policy }),
        async [Symbol.asyncDispose]() {
          await using _line = line;
          await store[Symbol.asyncDispose]();
        },
      };
    },
  },
};

for (const [name, variant] of Object.entries(variants)) {
  describe(name, { skip, concurrency: 4 }, () => {
    let server: SshServer;
    before(async () => {
      server = await startSshServer(variant.server);
    });
    after(() => server[Symbol.asyncDispose]());
    const checks = storeContract(() => variant.make(server)).filter(variant.checks ?? (() => true));
    for (const check of checks) it(check.name, () => check.run());
  });
}
