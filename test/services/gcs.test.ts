import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { storeContract } from '../../src/stores/contract.ts';
import { openGcsStore } from '../../src/stores/gcs/open.ts';
import type { GcsStoreOptions } from '../../src/stores/gcs/options.ts';
import type { Store } from '../../src/stores/store.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { type GcsServer, startGcsServer } from '../fixtures/gcs-server.ts';
import { startHttpFaults } from '../fixtures/http-faults.ts';

const policy = { attempts: 20, firstDelayMs: 1, longestDelayMs: 20 };

describe('the Google Cloud store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-gcs-'));
  let server: GcsServer;
  let count = 0;
  before(async () => {
    server = await startGcsServer();
    writeFileSync(join(folder, 'proof'), server.tokens.proof);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const open = (options: Partial<GcsStoreOptions> = {}, port = server.port): Promise<Store> =>
    openGcsStore(
      {
        ...{ bucket: 'contract', prefix: `check-${count++}/deep`, projectId: 'project', objectLock: 'unlocked' },
        ...{ endpoint: `http://127.0.0.1:${port}`, ...options },
      },
      {
        ...{ create: true, policy },
        credentials: new Secret(JSON.stringify(server.tokens.workload(server.endpoint, join(folder, 'proof')))),
      },
    );

  describe('as it is', () => {
    for (const check of storeContract(() => open())) it(check.name, () => check.run());
  });

  describe('with retry, while every fifth request or so fails before or after it was done', () => {
    const unsteady = async () => {
      const faults = await startHttpFaults(server.port, (_request, nth) => {
        if (nth % 5 !== 2) return undefined;
        const status = [500, 503, 429][nth % 3] ?? 503;
        return { status, headers: { 'retry-after': '1' }, after: nth % 2 === 0 };
      });
      const store = withRetry(await open({}, faults.port), { policy });
      return {
        ...store,
        async [Symbol.asyncDispose]() {
          await store[Symbol.asyncDispose]();
          await faults[Symbol.asyncDispose]();
        },
      };
    };
    for (const check of storeContract(unsteady)) if (!check.heavy) it(check.name, () => check.run());
  });
});
