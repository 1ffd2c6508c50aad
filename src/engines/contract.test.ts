import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { initCheaply } from '../../test/fixtures/cheap-repository.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import { openLocalStore } from '../stores/local/open.ts';
import { openMemoryStore } from '../stores/memory/open.ts';
import type { Store, Stored } from '../stores/store.ts';
import { type OpenOptions as ArchiveOpenOptions, initArchive, openArchive } from './archive/open.ts';
import { type EngineUnderTest, engineContract } from './contract.ts';
import { openRestic } from './restic/open.ts';

const HOW = { signal: new AbortController().signal };

/** Short pauses, such as those between the steps of locking, take no time. */
const HURRIED: Clock = {
  ...systemClock,
  sleep: (durationMs, signal) => systemClock.sleep(durationMs < 1000 ? 0 : durationMs, signal),
};

const options = {
  ...{ host: 'here', user: 'tester', program: 'surety test' },
  ...{ password: 'secret', compressionLevel: 1, packSizeBytes: 4 << 20, workers: 1, clock: HURRIED },
};

/** The key of a password takes most of the time of a check: it is a cheap one, and each repository is a copy. */
const initialized = openMemoryStore();
before(() => initCheaply(initialized, options.password));

const archiveOptions: ArchiveOpenOptions = {
  ...{ host: 'here', user: 'tester', program: 'surety test', clock: HURRIED },
  ...{ compression: 'gzip', level: 1, recipients: [], identity: undefined, checksum: 'sha256' },
  ...{ name: '{type}_{time}', folder: '{type}' },
};

async function archiveOn(store: Store, options: ArchiveOpenOptions, dispose: () => void): Promise<EngineUnderTest> {
  await initArchive(store, options, HOW);
  const engine = await openArchive(store, options, HOW);
  return {
    engine,
    damage: () => damageLargest(store, 'files'),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      dispose();
    },
  };
}

/** Everything that can be between a source and the store. */
async function encryptedOptions(): Promise<ArchiveOpenOptions> {
  const identity = await generateX25519Identity();
  const recipients = [await identityToRecipient(identity)];
  return { ...archiveOptions, compression: 'zstd', recipients, identity: async () => new Secret(identity) };
}

/** Changes one byte in the middle of the largest file in a folder. */
async function damageLargest(store: Store, folder: string): Promise<void> {
  let largest: Stored | undefined;
  for await (const stored of store.list(folder, HOW)) {
    if (stored.sizeBytes > (largest?.sizeBytes ?? 0)) largest = stored;
  }
  const bytes = await store.read(largest!.key, undefined, HOW);
  bytes[bytes.length >> 1]! ^= 1;
  await store.put(largest!.key, bytes, HOW);
}

async function resticOn(store: Store, dispose: () => void): Promise<EngineUnderTest> {
  for await (const { key } of initialized.list('', HOW)) {
    await store.put(key, await initialized.read(key, undefined, HOW), HOW);
  }
  const engine = await openRestic(store, options);
  return {
    engine,
    damage: () => damageLargest(store, 'data'),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      dispose();
    },
  };
}

const engines: Readonly<Record<string, () => Promise<EngineUnderTest>>> = {
  'the restic engine on a memory store': () => resticOn(openMemoryStore(), () => {}),
  'the restic engine on a local store': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-engine-'));
    const store = await openLocalStore({ path: join(folder, 'root'), create: true });
    return await resticOn(store, () => rmSync(folder, { recursive: true }));
  },
  'the archive engine on a memory store': () => archiveOn(openMemoryStore(), archiveOptions, () => {}),
  'the archive engine on a local store, encrypted': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-engine-'));
    const store = await openLocalStore({ path: join(folder, 'root'), create: true });
    return await archiveOn(store, await encryptedOptions(), () => rmSync(folder, { recursive: true }));
  },
};

for (const [name, make] of Object.entries(engines)) {
  describe(name, () => {
    for (const check of engineContract(make)) it(check.name, () => check.run());
  });
}
