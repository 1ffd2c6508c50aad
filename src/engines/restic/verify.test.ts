import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noise, prose } from '../../../test/fixtures/content.ts';
import { addSnapshot, FOREVER, makeResticRepository, withStore } from '../../../test/fixtures/restic-repository.ts';
import type { VerifyHow, VerifyReport } from '../engine.ts';
import { TREE } from './blob-table.ts';
import { encodeSnapshot } from './format/snapshot.ts';
import { encodeTree } from './format/tree.ts';
import { takeLock } from './locks.ts';
import { PackStore } from './pack-store.ts';
import { Packer, packBufferBytes } from './packer.ts';
import { keyOf, type Repository } from './repository.ts';
import { sha256 } from './sha256.ts';
import { verify } from './verify.ts';

const FILES = {
  'docs/one': prose(1, 9000),
  'docs/two': noise(2, 30_000),
  'docs/old/three': noise(3, 5000),
  four: 'four',
};

function check(repository: Repository, how: Partial<VerifyHow> = {}): Promise<VerifyReport> {
  return verify(repository, { ...FOREVER, depth: 'data', ...how });
}

async function keysOf(repository: Repository, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of repository.store.list(prefix, FOREVER)) keys.push(key);
  return keys;
}

async function change(repository: Repository, key: string, how: (bytes: Buffer) => Uint8Array): Promise<void> {
  const bytes = Buffer.from(await repository.store.read(key, undefined, FOREVER));
  await repository.store.put(key, how(bytes), FOREVER);
}

function flip(bytes: Buffer, bit: number): Buffer {
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return bytes;
}

/** The repository with one file changed for as long as `work` runs. */
async function whileChanged(
  repository: Repository,
  key: string,
  how: (bytes: Buffer) => Uint8Array | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const whole = await repository.store.read(key, undefined, FOREVER);
  const left = how(Buffer.from(whole));
  if (left === undefined) await repository.store.delete(key, FOREVER);
  else await repository.store.put(key, left, FOREVER);
  await work();
  await repository.store.put(key, whole, FOREVER);
}

async function problemOf(
  repository: Repository,
  how: Partial<VerifyHow> = {},
): Promise<VerifyReport['problems'][number]> {
  const { problems } = await check(repository, how);
  assert.equal(problems.length, 1, JSON.stringify(problems));
  return problems[0]!;
}

/** A snapshot of any tree. */
function addTree(repository: Repository, tree: string): Promise<string> {
  const document = {
    ...{ timeNs: 0n, tree, paths: ['/x'], host: '', user: '', uid: 0, gid: 0, excludes: [], tags: [], program: '' },
  };
  return repository.writeUnpacked('snapshots', encodeSnapshot(document), FOREVER);
}

test('a sound repository has no problems, and all of it is read', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  await addSnapshot(repository, FILES);
  const second = await addSnapshot(repository, { ...FILES, five: noise(5, 100) });
  const report = await check(repository);
  const packs = await repository.files('data', FOREVER);
  assert.deepEqual([report.problems, report.notes], [[], []]);
  assert.deepEqual([report.snapshots, report.packs, report.packsRead], [2, packs.length, packs.length]);
  assert.equal(
    report.readBytes,
    packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  const structure = await check(repository, { depth: 'structure', snapshots: [second] });
  assert.deepEqual([structure.problems, structure.snapshots, structure.packsRead], [[], 1, 0]);
});

describe('a flipped bit', () => {
  test('anywhere in a pack is found and its pack named', async () => {
    const repository = await makeResticRepository({ workers: 1, packSizeBytes: 4000 });
    await addSnapshot(repository, { one: noise(1, 1500), two: prose(2, 4000), three: 'three' });
    for (const { id, sizeBytes } of await repository.files('data', FOREVER)) {
      const key = keyOf('data', id);
      // All of the end, where the header and its length stand, and some of the rest.
      const bits = [0, 17 * 8, 700 * 8 + 3, 1000 * 8, sizeBytes * 4].filter((bit) => bit < sizeBytes * 8);
      for (let back = 1; back <= 8; back++) bits.push(sizeBytes * 8 - back * 7);
      for (const bit of bits) {
        await whileChanged(
          repository,
          key,
          (bytes) => flip(bytes, bit),
          async () => {
            const problem = await problemOf(repository);
            assert.equal(problem.key, key);
            assert.match(problem.code, /^(pack|blob)\.damaged$/);
          },
        );
      }
    }
  });

  test('in a blob names the blob and the paths that need it', async () => {
    const repository = await makeResticRepository();
    const snapshot = await addSnapshot(repository, FILES);
    const [key] = await keysOf(repository, 'data/');
    await change(repository, key!, (bytes) => flip(bytes, 40 * 8));
    const problem = await problemOf(repository);
    assert.equal(problem.code, 'blob.damaged');
    assert.match(problem.message, /blob [0-9a-f]{16}: its bytes are not authentic/);
    assert.equal(problem.affects.length, 1);
    assert.equal(problem.affects[0]?.snapshot, snapshot);
    assert.match(problem.affects[0]?.path ?? '', /^(docs\/|four)/);
  });

  test('in the header of a pack affects no path', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, FILES);
    const [key] = await keysOf(repository, 'data/');
    await change(repository, key!, (bytes) => flip(bytes, (bytes.length - 30) * 8));
    const problem = await problemOf(repository);
    assert.deepEqual([problem.code, problem.key, problem.affects], ['pack.damaged', key, []]);
    assert.match(problem.message, /header is not authentic/);
  });

  test('in a tree names the directory, also without reading the data', async () => {
    for (const depth of ['structure', 'data'] as const) {
      const repository = await makeResticRepository({ packSizeBytes: 100 });
      const snapshot = await addSnapshot(repository, { 'sub/file': noise(1, 200), other: noise(2, 200) });
      const found: string[] = [];
      for (const key of await keysOf(repository, 'data/')) {
        await whileChanged(
          repository,
          key,
          (bytes) => flip(bytes, 20 * 8),
          async () => {
            for (const problem of (await check(repository, { depth })).problems) {
              assert.equal(problem.key, key);
              found.push(...problem.affects.map((affected) => `${affected.snapshot === snapshot} ${affected.path}`));
            }
          },
        );
      }
      const trees = ['true /', 'true sub'];
      assert.deepEqual(found.sort(), depth === 'data' ? [...trees, 'true other', 'true sub/file'].sort() : trees);
    }
  });

  for (const [kind, code] of [
    ['index', 'index.damaged'],
    ['snapshots', 'snapshot.damaged'],
    ['config', 'config.damaged'],
  ] as const) {
    test(`in ${kind} is found and named`, async () => {
      const repository = await makeResticRepository();
      await addSnapshot(repository, FILES);
      await addSnapshot(repository, { ...FILES, five: 'five' });
      for (const key of kind === 'config' ? ['config'] : await keysOf(repository, `${kind}/`)) {
        const { length } = await repository.store.read(key, undefined, FOREVER);
        for (const bit of [3, length * 4, length * 8 - 1]) {
          await whileChanged(
            repository,
            key,
            (bytes) => flip(bytes, bit),
            async () => {
              const { problems } = await check(repository, { depth: 'structure' });
              assert.ok(
                problems.some((problem) => problem.code === code && problem.key === key),
                JSON.stringify(problems),
              );
            },
          );
        }
      }
    });
  }

  test('in a key that is not in use is found and named', async () => {
    const repository = await makeResticRepository();
    const key = keyOf('keys', 'ab'.repeat(32));
    await repository.store.put(key, Buffer.from('{}'), FOREVER);
    const problem = await problemOf(repository);
    assert.deepEqual([problem.code, problem.key], ['key.damaged', key]);
  });
});

test('a missing pack is found without reading data, with what needs it', async () => {
  const repository = await makeResticRepository();
  const snapshot = await addSnapshot(repository, { one: noise(1, 19_000), two: noise(2, 19_000) });
  const [key] = await keysOf(repository, 'data/');
  await repository.store.delete(key!, FOREVER);
  for (const depth of ['structure', 'data'] as const) {
    const problem = await problemOf(repository, { depth });
    assert.deepEqual([problem.code, problem.key], ['pack.missing', key]);
    assert.deepEqual(problem.affects[0], { snapshot, path: 'one' });
  }
});

test('a pack that is longer or shorter than the index says is one problem', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, { one: noise(1, 19_000) });
  const [key] = await keysOf(repository, 'data/');
  const changes = [
    (bytes: Buffer) => bytes.subarray(0, -1),
    (bytes: Buffer) => bytes.subarray(0, 5000),
    () => Buffer.alloc(0),
    (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(0)]),
  ];
  for (const how of changes) {
    await whileChanged(repository, key!, how, async () => {
      for (const depth of ['structure', 'data'] as const) {
        const problem = await problemOf(repository, { depth });
        assert.deepEqual([problem.code, problem.key], ['pack.size', key]);
      }
    });
  }
});

test('damage of which there is another copy affects no path', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, FILES);
  const [key] = await keysOf(repository, 'data/');
  await addSnapshot(repository, FILES, { again: true });
  await repository.store.delete(key!, FOREVER);
  const problem = await problemOf(repository);
  assert.deepEqual([problem.code, problem.key, problem.affects], ['pack.missing', key, []]);
});

test('a missing index is found by what nobody finds any more', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, { one: 'one' });
  const first = new Set(await keysOf(repository, 'index/'));
  const second = await addSnapshot(repository, { one: 'one', two: noise(2, 9000) });
  const [key] = (await keysOf(repository, 'index/')).filter((one) => !first.has(one));
  await repository.store.delete(key!, FOREVER);
  const report = await check(repository);
  assert.deepEqual(
    report.problems.map(({ code, affects }) => [code, affects]),
    [['blob.missing', [{ snapshot: second, path: '/' }]]],
  );
  assert.match(report.notes.join(), /2 packs are in no index/);
});

test('a pack that no index names is a note, and so is damage in it', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, FILES);
  const [key] = await keysOf(repository, 'data/');
  const bytes = await repository.store.read(key!, undefined, FOREVER);
  const stray = keyOf('data', 'cd'.repeat(32));
  await repository.store.put(stray, bytes, FOREVER);
  const report = await check(repository);
  assert.deepEqual(report.problems, []);
  assert.equal(report.notes.length, 2);
  for (const note of report.notes) assert.ok(note.includes(stray), note);
});

test('all parts of a subset together are all packs, each in one of them', async () => {
  const repository = await makeResticRepository({ packSizeBytes: 1000 });
  await addSnapshot(
    repository,
    Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`file ${at}`, noise(at, 1200)])),
  );
  const keys = await keysOf(repository, 'data/');
  for (const key of keys) await change(repository, key, (bytes) => flip(bytes, bytes.length * 8 - 300));
  const found: string[] = [];
  for (let part = 1; part <= 5; part++) {
    const once = (await check(repository, { subset: { part, of: 5 } })).problems.map(({ key }) => key);
    const again = (await check(repository, { subset: { part, of: 5 } })).problems.map(({ key }) => key);
    assert.deepEqual(again.toSorted(), once.toSorted());
    found.push(...once);
  }
  assert.deepEqual(found.sort(), keys.sort());
});

test('a random subset has the size that was asked for', async () => {
  const repository = await makeResticRepository({ packSizeBytes: 1000 });
  await addSnapshot(
    repository,
    Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`file ${at}`, noise(at, 1200)])),
  );
  const { packs } = await check(repository, { depth: 'structure' });
  const tenth = await check(repository, { subset: { percent: 10 } });
  assert.equal(tenth.packsRead, Math.ceil(packs / 10));
  const amount = await check(repository, { subset: { sizeBytes: 5000 } });
  assert.ok(amount.readBytes >= 5000 && amount.readBytes < 8000, `${amount.readBytes}`);
});

test('only what the named snapshots need is read, and only its problems count', async () => {
  const repository = await makeResticRepository({ packSizeBytes: 1000 });
  const small = await addSnapshot(repository, { one: noise(1, 900) });
  const first = await keysOf(repository, 'data/');
  const large = await addSnapshot(repository, { one: noise(1, 900), two: noise(2, 9000) });
  const [key] = (await keysOf(repository, 'data/')).filter((one) => !first.includes(one));
  await change(repository, key!, (bytes) => flip(bytes, 8));
  const sound = await check(repository, { snapshots: [small] });
  assert.deepEqual([sound.problems, sound.snapshots, sound.packsRead], [[], 1, first.length]);
  assert.equal((await problemOf(repository, { snapshots: [large] })).key, key);
});

test('of many snapshots that need a damaged blob each is named, and of one with many such paths the first few', async () => {
  const repository = await makeResticRepository();
  const ids: string[] = [];
  for (let at = 0; at < 7; at++)
    ids.push(await addSnapshot(repository, { shared: noise(1, 9000), [`unshared ${at}`]: `${at}` }));
  const [key] = await keysOf(repository, 'data/');
  await change(repository, key!, (bytes) => flip(bytes, 8));
  const { affects } = await problemOf(repository);
  assert.deepEqual(affects.map(({ snapshot }) => snapshot).sort(), ids.toSorted());
  assert.ok(affects.every(({ path }) => path === 'shared'));
  const copies = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`copy ${at}`, noise(1, 9000)]));
  const other = await makeResticRepository();
  await addSnapshot(other, copies);
  const [only] = await keysOf(other, 'data/');
  await change(other, only!, (bytes) => flip(bytes, 8));
  assert.equal((await problemOf(other)).affects.length, 5);
});

test('a snapshot whose tree is nowhere is a problem of its own', async () => {
  const repository = await makeResticRepository();
  const sound = await addSnapshot(repository, { four: 'four' });
  const dangling = await addTree(repository, 'ee'.repeat(32));
  const problem = await problemOf(repository);
  assert.deepEqual([problem.code, problem.affects], ['blob.missing', [{ snapshot: dangling, path: '/' }]]);
  assert.deepEqual((await check(repository, { snapshots: [sound] })).problems, []);
});

test('a tree that no program could restore is damaged although it is stored as it was written', async () => {
  const repository = await makeResticRepository();
  const tree = Buffer.from(
    encodeTree(['{"name":"..","type":"file","mtime":"2024-01-01T00:00:00Z","ctime":"2024-01-01T00:00:00Z"}']),
  );
  const packer = new Packer({ sealer: repository.sealer, type: TREE, level: 3, targetBytes: 1000 });
  packer.useBuffer(new ArrayBuffer(packBufferBytes(1000)));
  packer.add(sha256(tree), tree);
  const packs = new PackStore(repository, FOREVER);
  await packs.put(packer.finish());
  await packs.flush();
  const snapshot = await addTree(repository, sha256(tree).toString('hex'));
  const problem = await problemOf(repository);
  assert.deepEqual([problem.code, problem.affects], ['tree.damaged', [{ snapshot, path: '/' }]]);
});

test('it is refused while another program must be alone, and works beside one that need not', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, FILES);
  {
    await using _shared = await takeLock(repository, { ...FOREVER, exclusive: false });
    assert.deepEqual((await check(repository)).problems, []);
  }
  await using _alone = await takeLock(repository, { ...FOREVER, exclusive: true });
  await assert.rejects(check(repository), { code: 'repository.locked' });
});

test('it removes its lock, and needs none where it can not be written', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, FILES);
  await check(repository);
  assert.deepEqual(await repository.files('locks', FOREVER), []);
  const { readOnly } = await import('../../stores/wrap/read-only.ts');
  assert.deepEqual((await check(withStore(repository, readOnly))).problems, []);
});

test('an abort ends it with the reason', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, FILES);
  const stop = new AbortController();
  const stopping = withStore(repository, (store) => ({
    ...store,
    read(key, range, how) {
      if (key.startsWith('data/')) stop.abort(new Error('enough'));
      return store.read(key, range, how);
    },
  }));
  await assert.rejects(check(stopping, { signal: stop.signal }), /enough/);
});

test('a failing store is an error, not damage', async () => {
  const repository = await makeResticRepository();
  await addSnapshot(repository, FILES);
  const failing = withStore(repository, (store) => ({
    ...store,
    read: (key, range, how) =>
      key.startsWith('data/') ? Promise.reject(new Error('unplugged')) : store.read(key, range, how),
  }));
  await assert.rejects(check(failing), /unplugged/);
});

test('bytes that were wrong only on the way are read again', async () => {
  const repository = await makeResticRepository({ workers: 2 });
  await addSnapshot(repository, FILES);
  const seen = new Set<string>();
  const flaky = withStore(repository, (store) => ({
    ...store,
    async read(key, range, how) {
      const bytes = Buffer.from(await store.read(key, range, how));
      const call = `${key} ${range?.offset}`;
      if (!key.startsWith('data/') || seen.has(call)) return new Uint8Array(bytes);
      seen.add(call);
      return new Uint8Array(flip(bytes, 8));
    },
  }));
  assert.deepEqual((await check(flaky)).problems, []);
});
