/**
 * The contract of stores on real buckets. It runs where variables name them, as URLs or as the object form in JSON:
 * `SURETY_TEST_S3=s3://bucket/prefix`, `SURETY_TEST_AZURE`, `SURETY_TEST_GCS`, `SURETY_TEST_SFTP`. What it puts is below a prefix of its
 * own and is removed again. Checks that lock bodies are left out: what is locked would stay.
 */
import { describe, it } from 'node:test';
import { randomHex } from '../../src/base/ids.ts';
import { type StoreLocation, storeLocation, storeSchema } from '../../src/config/store-location.ts';
import { openStore } from '../../src/daemon/compose-store.ts';
import { storeContract } from '../../src/stores/contract.ts';
import type { Store } from '../../src/stores/store.ts';

const never = { signal: new AbortController().signal };

for (const name of ['SURETY_TEST_S3', 'SURETY_TEST_AZURE', 'SURETY_TEST_GCS', 'SURETY_TEST_SFTP']) {
  const given = process.env[name] ?? '';
  const skip = given === '' ? `${name} names no place` : false;
  describe(`the store that ${name} names`, { skip }, () => {
    if (given === '') return;
    const raw: unknown = given.startsWith('{') ? JSON.parse(given) : given;
    const location = storeLocation(storeSchema.parse(raw), process.cwd());
    for (const check of storeContract(() => emptyStore(location))) {
      if (!check.locking) it(check.name, () => check.run());
    }
  });
}

/** The store below a new prefix; what is left in it is removed when it is closed. */
async function emptyStore(location: StoreLocation): Promise<Store> {
  const below = `surety-test-${randomHex(6)}`;
  const how = { create: location.kind === 'sftp', directory: process.cwd(), warn: () => undefined };
  const store = await openStore(moved(location, below), how);
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      const keys: string[] = [];
      for await (const { key } of store.list('', never)) keys.push(key);
      await Promise.all(keys.map((key) => store.delete(key, never)));
      await store[Symbol.asyncDispose]();
    },
  };
}

function moved(location: StoreLocation, below: string): StoreLocation {
  const { options } = location as { readonly options: { readonly prefix?: string; readonly path?: string } };
  const into = (place: string) => (place === '' ? below : `${place}/${below}`);
  const place = options.path === undefined ? { prefix: into(options.prefix ?? '') } : { path: into(options.path) };
  return { ...location, options: { ...options, ...place } } as StoreLocation;
}
