import { after, before, describe, it } from 'node:test';
import { storeContract } from '../../src/stores/contract.ts';
import { withRetry } from '../../src/stores/wrap/retry.ts';
import { CEPH_PROGRAMS, type CephServer, startCeph } from '../fixtures/ceph-server.ts';
import { startHttpFaults } from '../fixtures/http-faults.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { freshName, openTestStore } from '../fixtures/s3-store.ts';

const BUCKET = 'contract';
const policy = { attempts: 8, firstDelayMs: 1, longestDelayMs: 20 };

describe('the S3 store on Ceph', { skip: skipWithout(...CEPH_PROGRAMS) }, () => {
  let ceph: CephServer;
  before(async () => {
    ceph = await startCeph();
    await (await openTestStore(ceph, { bucket: BUCKET }, { create: true }))[Symbol.asyncDispose]();
  });
  after(() => ceph[Symbol.asyncDispose]());

  const inFreshPrefix = (port = ceph.port) =>
    openTestStore(
      { ...ceph, endpoint: `http://127.0.0.1:${port}` },
      { bucket: BUCKET, prefix: `${freshName('check')}/deep` },
      { policy },
    );

  describe('as it is', () => {
    for (const check of storeContract(() => inFreshPrefix())) it(check.name, () => check.run());
  });

  describe('with retry, while each request fails the first time, before or after it was done', () => {
    const unsteady = async () => {
      const seen = new Set<string>();
      const faults = await startHttpFaults(ceph.port, ({ method, url }, nth) => {
        const request = `${method} ${url}`;
        if (seen.has(request)) return undefined;
        seen.add(request);
        const status = [500, 503, 429][nth % 3] ?? 503;
        return { status, after: nth % 2 === 0 };
      });
      const store = withRetry(await inFreshPrefix(faults.port), { policy });
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
