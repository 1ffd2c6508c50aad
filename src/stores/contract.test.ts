import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { storeContract } from './contract.ts';
import { withFaults } from './faulty.ts';
import { openLocalStore } from './local/open.ts';
import { openMemoryStore } from './memory/open.ts';
import type { Store } from './store.ts';
import { below } from './wrap/below.ts';
import { withLimit } from './wrap/limit.ts';
import { withLog } from './wrap/log.ts';
import { withRetry } from './wrap/retry.ts';

async function openTemporaryStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'surety-store-'));
  const store = await openLocalStore({ path: join(folder, 'root'), create: true });
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

const policy = { attempts: 6, firstDelayMs: 1, longestDelayMs: 4 };

/** Every second call or so fails in one of the ways a network has; retry must hide all of it. */
function unsteady(store: Store): Store {
  const lost = { kind: 'fail', code: 'store.unavailable', retry: 'later' } as const;
  const kinds = ['put', 'read', 'stream', 'stat', 'list', 'delete'] as const;
  return withFaults(store, {
    faults: [1, 4, 5, 9, 17].map((nth) => ({
      calls: kinds,
      nth,
      action: { ...lost, when: nth % 2 ? 'before' : 'after' },
    })),
  });
}

/** Stores that also get the heavy checks. */
const HEAVY = new Set(['the memory store', 'the local store', 'all wrappers around each other']);

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  'the memory store': async () => openMemoryStore(),
  'the local store': openTemporaryStore,
  'a limited local store': async () => withLimit(await openTemporaryStore(), { connections: 1 }),
  'a throttled memory store': async () =>
    withLimit(openMemoryStore(), { uploadBytesPerSecond: 5e8, downloadBytesPerSecond: 5e8 }),
  'a logged local store': async () => withLog(await openTemporaryStore(), () => undefined),
  'a faulty store without faults': async () => withFaults(openMemoryStore(), { faults: [] }),
  'an unsteady local store with retry': async () => withRetry(unsteady(await openTemporaryStore()), { policy }),
  'a part of a local store': async () => {
    const store = await openTemporaryStore();
    const part = below(store, 'some/part');
    return { ...part, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  },
  'all wrappers around each other': async () =>
    withLog(withRetry(withLimit(unsteady(openMemoryStore()), { connections: 3 }), { policy }), () => undefined),
};

for (const [name, make] of Object.entries(stores)) {
  describe(name, () => {
    const checks = storeContract(make).filter(({ heavy }) => !heavy || HEAVY.has(name));
    for (const check of checks) it(check.name, { timeout: 60_000 }, () => check.run());
  });
}
