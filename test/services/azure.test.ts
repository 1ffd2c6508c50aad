import { after, before, describe, it } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { openAzureStore } from '../../src/stores/azure/open.ts';
import type { AzureStoreOptions } from '../../src/stores/azure/options.ts';
import { storeContract } from '../../src/stores/contract.ts';
import type { Store } from '../../src/stores/store.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { type AzuriteServer, startAzurite } from '../fixtures/azurite-server.ts';
import { startHttpFaults } from '../fixtures/http-faults.ts';

const policy = { attempts: 20, firstDelayMs: 1, longestDelayMs: 20 };

describe('the Azure store on Azurite', () => {
  let server: AzuriteServer;
  let count = 0;
  before(async () => {
    server = await startAzurite();
  });
  after(() => server[Symbol.asyncDispose]());

  const open = (options: Partial<AzureStoreOptions> = {}, port = server.port): Promise<Store> =>
    openAzureStore(
      { container: 'contract', prefix: `check-${count++}/deep`, endpoint: server.endpoint(port), ...options },
      { create: true, policy, secrets: { accountKey: new Secret(server.accountKey) } },
    );

  describe('as it is', () => {
    for (const check of storeContract(() => open())) it(check.name, () => check.run());
  });

  describe('with retry, while every fifth request or so fails before or after it was done', () => {
    const unsteady = async () => {
      await (await open())[Symbol.asyncDispose]();
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
