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

  describe('with retry, while every third request or so fails before or after it was done', () => {
    const unsteady = async () => {
      const faults = await startHttpFaults(ceph.port, (_request, nth) => {
        if (nth % 3 !== 1) return undefined;
        const status = [500, 503, 429][Math.floor(nth / 3) % 3] ?? 503;
        return { status, headers: { 'retry-after': '1' }, after: nth % 2 === 0 };
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
    for (const check of storeContract(unsteady)) it(check.name, () => check.run());
  });
});
