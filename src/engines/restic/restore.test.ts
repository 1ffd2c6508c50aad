import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { noise, prose } from '../../../test/fixtures/content.ts';
import { addSnapshot, FOREVER, makeResticRepository, withStore } from '../../../test/fixtures/restic-repository.ts';
import { hasCode } from '../../base/errors.ts';
import type { PlacedAttributes, Placement, RestoredEntry, Restoring } from '../../sources/source.ts';
import type { Store } from '../../stores/store.ts';
import type { Repository } from './repository.ts';
import { restore } from './restore.ts';
import { findSnapshot } from './snapshots.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-restore-'));
after(() => rmSync(folder, { recursive: true, force: true }));

type Files = Readonly<Record<string, Uint8Array | string>>;

async function begin(repository: Repository, id: string): Promise<Restoring> {
  return await restore(repository, await findSnapshot(repository, id, FOREVER), FOREVER);
}

async function filesOf(restoring: Restoring): Promise<RestoredEntry[]> {
  const files: RestoredEntry[] = [];
  for await (const batch of restoring.entries()) files.push(...batch.filter(({ type }) => type === 'file'));
  return files;
}

/** Each file goes to `target` by its name without slashes. */
function placements(entries: readonly RestoredEntry[], target: string, attributes?: PlacedAttributes): Placement[] {
  return entries.map((entry) => ({ entry, path: join(target, entry.path.replaceAll('/', '+')), attributes }));
}

async function placeAll(restoring: Restoring, files: readonly Placement[]): Promise<Map<string, Error | undefined>> {
  const placed = new Map<string, Error | undefined>();
  for await (const { index, error } of restoring.place(files, FOREVER)) {
    const { path } = files[index]!.entry;
    assert.ok(!placed.has(path), `${path} is reported twice`);
    placed.set(path, error);
  }
  assert.equal(placed.size, files.length);
  return placed;
}

function newTarget(): string {
  return mkdtempSync(join(folder, 'target-'));
}

async function restoreAll(repository: Repository, id: string, target: string): Promise<Map<string, Error | undefined>> {
  await using restoring = await begin(repository, id);
  return await placeAll(restoring, placements(await filesOf(restoring), target));
}

function assertEqual(target: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const restored = readFileSync(join(target, path.replaceAll('/', '+')));
    assert.ok(restored.equals(Buffer.from(content)), `${path} is not what it was`);
  }
}

const MIXED: Files = {
  'a/empty': '',
  'a/one byte': 'x',
  'a/small': prose(1, 3000),
  'a/same as small': prose(1, 3000),
  'b/large': noise(2, 150_000),
  'b/large again': noise(2, 150_000),
  'b/begins like large': Buffer.concat([noise(2, 80_000), noise(3, 30_000)]),
  'b/repeats': Buffer.concat([noise(4, 4000), noise(4, 4000), noise(4, 4000), noise(5, 100)]),
};

/** A store in which some files are other than they were: undefined is missing. */
function damagedStore(store: Store, change: (key: string, bytes: Uint8Array) => Uint8Array | undefined): Store {
  return {
    ...store,
    async read(key, range, how) {
      const whole = change(key, await store.read(key, undefined, how));
      if (whole === undefined) return await store.read(`data/missing`, range, how);
      const end = range?.length === undefined ? whole.length : range.offset + range.length;
      if (end > whole.length) return await store.read(key, { offset: 1e9, length: 1 }, how);
      return new Uint8Array(whole.subarray(range?.offset ?? 0, end));
    },
    async *list(prefix, how) {
      for await (const stored of store.list(prefix, how)) {
        const left = change(stored.key, await store.read(stored.key, undefined, how));
        if (left !== undefined) yield { ...stored, sizeBytes: left.length };
      }
    },
  };
}

/** Keys of the packs in the order they were stored: those of data before those of trees. */
async function packKeys(repository: Repository): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of repository.store.list('data/', FOREVER)) keys.push(key);
  return keys;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const damaged = bytes.slice();
  damaged[at]! ^= 0x10;
  return damaged;
}

test('files of every size come back as they were, also those that share content', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  const target = newTarget();
  const placed = await restoreAll(repository, await addSnapshot(repository, MIXED), target);
  assert.deepEqual(new Set(placed.values()), new Set([undefined]));
  assertEqual(target, MIXED);
});

test('a batch of many equal files is restored whole', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1500 }, (_, at) => [`file ${at}`, at % 3 === 0 ? '' : 'equal']),
  );
  const repository = await makeResticRepository({ workers: 2 });
  const target = newTarget();
  await restoreAll(repository, await addSnapshot(repository, files), target);
  assertEqual(target, files);
});

test('owner, mode and time are set to the nanosecond where the placement says so', async () => {
  const repository = await makeResticRepository();
  const target = newTarget();
  await using restoring = await begin(repository, await addSnapshot(repository, MIXED));
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? { uid: 1234, gid: 4_000_000_000 } : undefined;
  const attributes = { owner, mode: 0o4750, mtimeNs: 1_234_567_890_123_456_789n };
  await placeAll(restoring, placements(await filesOf(restoring), target, attributes));
  for (const path of Object.keys(MIXED)) {
    const stats = statSync(join(target, path.replaceAll('/', '+')), { bigint: true });
    assert.deepEqual([stats.mode & 0o7777n, stats.mtimeNs], [0o4750n, attributes.mtimeNs], path);
    if (isRoot) assert.deepEqual([stats.uid, stats.gid], [1234n, 4_000_000_000n], path);
  }
});

test('a file whose attributes can not be set is complete, and the source is asked to try', async () => {
  const repository = await makeResticRepository();
  const target = newTarget();
  await using restoring = await begin(repository, await addSnapshot(repository, MIXED));
  // No system has such a user.
  const attributes = { owner: { uid: 2 ** 40, gid: 0 }, mode: 0o600, mtimeNs: 0n };
  const files = placements(await filesOf(restoring), target, attributes);
  for await (const placed of restoring.place(files, FOREVER)) {
    assert.deepEqual([placed.error, placed.unattributed], [undefined, true]);
  }
  assertEqual(target, MIXED);
});

test('without attributes a file is left to its owner alone', async () => {
  const repository = await makeResticRepository();
  const target = newTarget();
  await restoreAll(repository, await addSnapshot(repository, MIXED), target);
  for (const name of readdirSync(target)) assert.equal(statSync(join(target, name)).mode & 0o777, 0o600, name);
});

test('runs of zeros become holes wherever they stand', async () => {
  const files: Files = {
    zeros: Buffer.alloc(400_000),
    'zeros at the end': Buffer.concat([noise(1, 10_000), Buffer.alloc(400_000)]),
    'zeros at the start': Buffer.concat([Buffer.alloc(400_000), noise(2, 10)]),
    'zeros between': Buffer.concat([noise(3, 5001), Buffer.alloc(400_000), noise(4, 5001)]),
  };
  const repository = await makeResticRepository({ workers: 2 });
  const target = newTarget();
  await restoreAll(repository, await addSnapshot(repository, files), target);
  assertEqual(target, files);
  for (const name of Object.keys(files)) {
    const { blocks } = statSync(join(target, name));
    assert.ok(blocks * 512 <= 40_000, `${name} takes ${blocks * 512} bytes`);
  }
});

test('what stands in the place of a file is neither changed nor removed', async () => {
  const repository = await makeResticRepository();
  const target = newTarget();
  const taken = ['a+empty', 'a+small', 'b+large'];
  for (const name of taken) writeFileSync(join(target, name), 'mine');
  const placed = await restoreAll(repository, await addSnapshot(repository, MIXED), target);
  for (const [path, error] of placed) {
    const isTaken = taken.includes(path.replaceAll('/', '+'));
    assert.equal((error as NodeJS.ErrnoException | undefined)?.code, isTaken ? 'EEXIST' : undefined, path);
  }
  for (const name of taken) assert.equal(readFileSync(join(target, name), 'utf8'), 'mine');
});

test('a file whose folder is missing fails alone', async () => {
  const repository = await makeResticRepository();
  const target = newTarget();
  await using restoring = await begin(repository, await addSnapshot(repository, MIXED));
  const files = placements(await filesOf(restoring), target).map((placement) =>
    placement.entry.path === 'b/large' ? { ...placement, path: join(target, 'nowhere', 'large') } : placement,
  );
  const placed = await placeAll(restoring, files);
  const failed = [...placed].filter(([, error]) => error !== undefined);
  assert.deepEqual(
    failed.map(([path, error]) => [path, (error as NodeJS.ErrnoException).code]),
    [['b/large', 'ENOENT']],
  );
});

test('a damaged blob costs only the files that need it, and the error names its pack', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`file ${at}`, noise(at, 6000)]));
  const id = await addSnapshot(repository, files);
  const [damagedKey] = await packKeys(repository);
  const damaged = withStore(repository, (store) =>
    damagedStore(store, (key, bytes) => (key === damagedKey ? flipped(bytes, 100) : bytes)),
  );
  const target = newTarget();
  const placed = await restoreAll(damaged, id, target);
  const failed = [...placed].filter(([, error]) => error !== undefined);
  assert.equal(failed.length, 1);
  const [[path, error]] = failed as [[string, Error]];
  assert.ok(hasCode(error, 'repository.damaged'));
  assert.ok(error.message.includes(damagedKey!), error.message);
  assert.ok(!existsSync(join(target, path)));
  const { [path]: _lost, ...rest } = files;
  assertEqual(target, rest);
});

test('another copy of a damaged or missing blob is used', async () => {
  for (const damage of [(bytes: Uint8Array) => flipped(bytes, 50), () => undefined]) {
    const repository = await makeResticRepository({ workers: 2 });
    const files = { one: noise(1, 30_000), two: noise(2, 50) };
    await addSnapshot(repository, files);
    const first = new Set(await packKeys(repository));
    const id = await addSnapshot(repository, files, { again: true });
    const damaged = withStore(repository, (store) =>
      damagedStore(store, (key, bytes) => (first.has(key) ? damage(bytes) : bytes)),
    );
    const target = newTarget();
    const placed = await restoreAll(damaged, id, target);
    assert.deepEqual(new Set(placed.values()), new Set([undefined]));
    assertEqual(target, files);
  }
});

test('a pack that is missing or cut off is named before anything is handed out', async () => {
  const repository = await makeResticRepository();
  const id = await addSnapshot(repository, { one: noise(1, 15_000), two: 'x' });
  const [first] = await packKeys(repository);
  for (const change of [() => undefined, (bytes: Uint8Array) => bytes.subarray(0, 12_000)]) {
    const damaged = withStore(repository, (store) =>
      damagedStore(store, (key, bytes) => (key === first ? change(bytes) : bytes)),
    );
    await assert.rejects(begin(damaged, id), (error: Error) => {
      assert.ok(hasCode(error, 'repository.damaged'));
      assert.ok(error.message.includes(first!), error.message);
      return true;
    });
  }
});

test('all the rest is restored of what is lost in part, when somebody is told of it', async () => {
  const repository = await makeResticRepository({ packSizeBytes: 500 });
  const files = { 'a/one': noise(1, 900), 'b/two': noise(2, 900), 'b/three': noise(3, 900), four: noise(4, 900) };
  const id = await addSnapshot(repository, files);
  const snapshot = await findSnapshot(repository, id, FOREVER);
  const lostInAll: string[] = [];
  for (const lostKey of await packKeys(repository)) {
    const damaged = withStore(repository, (store) =>
      damagedStore(store, (key, bytes) => (key === lostKey ? undefined : bytes)),
    );
    const lost: string[] = [];
    const how = { ...FOREVER, onLost: (path: string) => lost.push(path) };
    let restoring: Restoring;
    try {
      restoring = await restore(damaged, snapshot, how);
    } catch (error) {
      // Without the root there is nothing.
      assert.ok(hasCode(error, 'tree.damaged') && error.details.key === `tree ${snapshot.tree}`, String(error));
      continue;
    }
    await using _ = restoring;
    const target = newTarget();
    const placed = await placeAll(restoring, placements(await filesOf(restoring), target));
    const failed = [...placed].filter(([, error]) => error !== undefined).map(([path]) => path);
    assert.ok(lost.length > 0);
    const isLost = (path: string) => lost.some((one) => path === one || path.startsWith(`${one}/`));
    // What is in a lost directory is not known, so it is not among the entries.
    assert.deepEqual(failed.toSorted(), lost.filter((path) => path in files).toSorted());
    assertEqual(target, Object.fromEntries(Object.entries(files).filter(([path]) => !isLost(path))));
    lostInAll.push(...lost);
  }
  assert.deepEqual(lostInAll.sort(), [...Object.keys(files), 'a', 'b'].sort());
});

test('what is aborted leaves no incomplete file', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`file ${at}`, noise(at, 40_000)]));
  const id = await addSnapshot(repository, files);
  const stop = new AbortController();
  let reads = 0;
  const stopping = withStore(repository, (store) => ({
    ...store,
    read(key, range, how) {
      reads += key.startsWith('data/') ? 1 : 0;
      if (reads === 30) stop.abort(new Error('enough'));
      return store.read(key, range, how);
    },
  }));
  const target = newTarget();
  await using restoring = await begin(stopping, id);
  const entries = await filesOf(restoring);
  reads = 0;
  await assert.rejects(async () => {
    for await (const placed of restoring.place(placements(entries, target), stop))
      assert.equal(placed.error, undefined);
  }, /enough/);
  assert.ok(reads >= 30);
  assertEqual(target, Object.fromEntries(Object.entries(files).filter(([path]) => existsSync(join(target, path)))));
});

test('a consumer that stops early stops the work', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`file ${at}`, noise(at, 40_000)]));
  const target = newTarget();
  await using restoring = await begin(repository, await addSnapshot(repository, files));
  for await (const { error } of restoring.place(placements(await filesOf(restoring), target), FOREVER)) {
    assert.equal(error, undefined);
    break;
  }
  const there = readdirSync(target);
  assertEqual(target, Object.fromEntries(there.map((name) => [name, files[name]!])));
});

test('a store that fails ends the work with its own error', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  const id = await addSnapshot(repository, MIXED);
  let isBroken = false;
  const broken = withStore(repository, (store) => ({
    ...store,
    read: (key, range, how) => (isBroken ? Promise.reject(new Error('unplugged')) : store.read(key, range, how)),
  }));
  const target = newTarget();
  await using restoring = await begin(broken, id);
  const files = placements(await filesOf(restoring), target);
  isBroken = true;
  await assert.rejects(placeAll(restoring, files), /unplugged/);
  for (const name of readdirSync(target)) assert.equal(statSync(join(target, name)).size, 0, name);
});

test('a stream gives the content in order', async () => {
  const repository = await makeResticRepository();
  await using restoring = await begin(repository, await addSnapshot(repository, MIXED));
  for (const entry of await filesOf(restoring)) {
    const parts: Uint8Array[] = [];
    for await (const part of restoring.stream(entry, FOREVER)) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(Buffer.from(MIXED[entry.path]!)), entry.path);
  }
});

test('a stream fails at a damaged blob and names its pack', async () => {
  const repository = await makeResticRepository();
  const id = await addSnapshot(repository, { file: noise(1, 15_000) });
  const [first] = await packKeys(repository);
  const damaged = withStore(repository, (store) =>
    damagedStore(store, (key, bytes) => (key === first ? flipped(bytes, 8500) : bytes)),
  );
  await using restoring = await begin(damaged, id);
  const [entry] = await filesOf(restoring);
  let sizeBytes = 0;
  await assert.rejects(
    async () => {
      for await (const part of restoring.stream(entry!, FOREVER)) sizeBytes += part.length;
    },
    (error: Error) => error.message.includes(first!),
  );
  assert.equal(sizeBytes, 8000);
});

test('a store whose bytes are a part of a larger buffer is served as well', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  const id = await addSnapshot(repository, MIXED);
  const pooled = withStore(repository, (store) => ({
    ...store,
    async read(key, range, how) {
      const bytes = await store.read(key, range, how);
      const larger = new Uint8Array(bytes.length + 100);
      larger.set(bytes, 50);
      return larger.subarray(50, 50 + bytes.length);
    },
  }));
  const target = newTarget();
  await restoreAll(pooled, id, target);
  assertEqual(target, MIXED);
});
