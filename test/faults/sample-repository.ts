import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupResult, Engine, Snapshot } from '../../src/engines/engine.ts';
import { openRestic } from '../../src/engines/restic/open.ts';
import type { WriteReport } from '../../src/sources/source.ts';
import { openLocalStore } from '../../src/stores/local/open.ts';
import type { Store } from '../../src/stores/store.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { noise, prose } from '../fixtures/content.ts';
import { filesSource } from '../fixtures/files-source.ts';

/** A folder that is backed up and the folder of the repository it goes to. */
export interface Sample {
  readonly source: string;
  readonly repository: string;
}

export const PASSWORD = 'a test password';

/** Small, so that a small tree fills several packs. */
const PACK_SIZE_BYTES = 1 << 20;

const options = {
  password: PASSWORD,
  compressionLevel: 3,
  packSizeBytes: PACK_SIZE_BYTES,
  // Each takes long to start.
  workers: 1,
  ...{ host: 'sample-host', user: 'sample-user', program: 'surety test' },
};

export function sampleIn(folder: string): Sample {
  return { source: join(folder, 'source'), repository: join(folder, 'repository') };
}

/** Text, random bytes, small files: enough for several packs. */
export function makeSource({ source }: Sample): void {
  mkdirSync(join(source, 'notes', 'old'), { recursive: true });
  writeFileSync(join(source, 'random'), noise(1, 9 << 18));
  writeFileSync(join(source, 'text'), prose(2, 3 << 18));
  for (let index = 0; index < 30; index++) writeFileSync(join(source, 'notes', `note ${index}`), prose(index, 3000));
}

/** The next day: some of everything is new, changed or gone. */
export function changeSource({ source }: Sample): void {
  writeFileSync(join(source, 'random'), Buffer.concat([noise(1, 2 << 18), noise(7, 5 << 18)]));
  writeFileSync(join(source, 'more'), noise(8, 2 << 18));
  for (let index = 0; index < 30; index += 2)
    writeFileSync(join(source, 'notes', `note ${index}`), prose(index + 50, 3000));
  rmSync(join(source, 'text'));
}

export async function makeRepository({ repository }: Sample): Promise<void> {
  await using store = await openLocalStore({ path: repository, create: true });
  await initCheaply(store, PASSWORD);
}

/** Opens the repository; `wrap` puts something around its store, which several workers then write to. */
export async function openSample({ repository }: Sample, wrap?: (store: Store) => Store): Promise<Engine> {
  const store = await openLocalStore({ path: repository });
  return wrap === undefined ? openRestic(store, options) : openRestic(wrap(store), { ...options, workers: 2 });
}

export async function backUp(engine: Engine, { source }: Sample, startedAt = new Date()): Promise<BackupResult> {
  const how = { signal: new AbortController().signal, warn: () => {} };
  await using reading = await filesSource({ paths: [source] }).read(how);
  return engine.backup(reading, {
    ...how,
    ...{ kind: 'files', source: 'sample', tags: [], excludes: [], startedAt },
    recoveryPoint: `${startedAt.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-0000`,
  });
}

/** A repository of its own in `folder`, for the same source. */
export function copyRepository(sample: Sample, folder: string): Sample {
  const copy = { source: sample.source, repository: join(folder, 'repository') };
  cpSync(sample.repository, copy.repository, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** Restores a snapshot below `target` with the source's own writer. */
export async function restoreTo(
  engine: Engine,
  snapshot: Snapshot,
  { source }: Sample,
  target: string,
): Promise<WriteReport> {
  const how = { signal: new AbortController().signal, warn: () => {} };
  await using restoring = await engine.restore(snapshot, how);
  return await filesSource({ paths: [source] }).write(restoring, { ...how, target, conflict: 'refuse', dryRun: false });
}
