import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noise } from '../../../test/fixtures/content.ts';
import {
  addSnapshot,
  FOREVER,
  makeResticRepository,
  readEverything,
  withStore,
} from '../../../test/fixtures/restic-repository.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { Warning } from '../../sources/source.ts';
import { withFaults } from '../../stores/faulty.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { Engine, HealFrom, HealHow, HealReport, OfferedContent } from '../engine.ts';
import { type BlobType, DATA, TREE } from './blob-table.ts';
import { copyFrom } from './copy.ts';
import { decodeSnapshot } from './format/snapshot.ts';
import { heal } from './heal.ts';
import { loadIndex } from './load-index.ts';
import { takeLock } from './locks.ts';
import { packKey } from './pack-key.ts';
import { prune } from './prune.ts';
import { keyOf, type Repository } from './repository.ts';
import { listSnapshots } from './snapshots.ts';
import { verify } from './verify.ts';

const FILES = {
  'docs/one': noise(1, 30_000),
  'docs/two': noise(2, 9000),
  'docs/old/three': noise(3, 21_000),
  four: 'four',
};
const MORE = { ...FILES, 'docs/two': noise(4, 12_000), five: noise(5, 8000) };

/** As another engine sees it. */
function engineOf(repository: Repository): Engine {
  return { traits: { kind: 'restic' }, inner: repository } as unknown as Engine;
}

function from(repository: Repository, name = 'repository copy'): HealFrom {
  return { name, open: async () => engineOf(repository) };
}

interface Answer {
  readonly report: HealReport;
  readonly warnings: readonly Warning[];
}

/** Verifies first, as people do: what that finds is what is suspected. */
async function healAll(
  repository: Repository,
  places: readonly HealFrom[],
  how: Partial<HealHow> = {},
): Promise<Answer> {
  const { problems } = await verify(repository, { ...FOREVER, depth: 'data' });
  const warnings: Warning[] = [];
  const report = await heal(repository, {
    ...FOREVER,
    warn: (warning) => warnings.push(warning),
    dryRun: false,
    suspects: problems.map(({ key }) => key),
    from: places,
    ...how,
  });
  return { report, warnings };
}

async function whole(repository: Repository): Promise<void> {
  const { problems, notes } = await verify(repository, { ...FOREVER, depth: 'data' });
  assert.deepEqual([problems, notes], [[], []]);
}

async function makePair(): Promise<{ repository: Repository; copy: Repository; before: Map<string, string> }> {
  const repository = await makeResticRepository();
  await addSnapshot(repository, FILES, { tags: ['one'] });
  await addSnapshot(repository, MORE, { tags: ['two'] });
  const copy = await makeResticRepository();
  await copyAll(repository, copy);
  return { repository, copy, before: await readEverything(repository) };
}

async function copyAll(one: Repository, other: Repository): Promise<void> {
  await using copying = (await copyFrom(other, engineOf(one), { ...FOREVER, warn: () => {} }))!;
  for (const snapshot of (await listSnapshots(one, FOREVER)).snapshots) await copying.copy(snapshot, {});
}

/** Keys of the packs that hold blobs of a type. */
async function packsOf(repository: Repository, type: BlobType): Promise<string[]> {
  const { table } = await loadIndex(repository, FOREVER);
  const keys = new Set<string>();
  for (let entry = 0; entry < table.count; entry++)
    if (table.typeOf(entry) === type) keys.add(packKey(table, table.packOf(entry)));
  return [...keys];
}

type Damage = (bytes: Buffer) => Uint8Array | undefined;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a flipped bit': (bytes) => {
    bytes[40]! ^= 4;
    return bytes;
  },
  'a flipped bit in the header': (bytes) => {
    bytes[bytes.length - 30]! ^= 4;
    return bytes;
  },
  'a lost end': (bytes) => bytes.subarray(0, bytes.length / 2),
  'nothing left in it': () => new Uint8Array(0),
  'zeroes in it': (bytes) => bytes.fill(0, 100, bytes.length - 100),
  'the file missing': () => undefined,
};

/** In packs of which type, where it is not content only. */
const TYPES: Readonly<Record<string, readonly BlobType[]>> = {
  'a flipped bit': [TREE],
  'the file missing': [DATA, TREE],
};

async function damage(repository: Repository, key: string, how: Damage): Promise<void> {
  const bytes = how(Buffer.from(await repository.store.read(key, undefined, FOREVER)));
  if (bytes === undefined) await repository.store.delete(key, FOREVER);
  else await repository.store.put(key, Uint8Array.from(bytes), FOREVER);
}

/** The same repository at another place. */
async function cloned(repository: Repository): Promise<Repository> {
  const clone = withStore(repository, () => openMemoryStore());
  for (const key of await allKeys(repository))
    await clone.store.put(key, await repository.store.read(key, undefined, FOREVER), FOREVER);
  return clone;
}

async function allKeys(repository: Repository): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of repository.store.list('', FOREVER)) keys.push(key);
  return keys.sort();
}

describe('what is lost comes back from a copy', () => {
  for (const [name, how] of Object.entries(DAMAGES)) {
    for (const type of TYPES[name] ?? [DATA]) {
      test(`${name}, in a pack of ${type === TREE ? 'directories' : 'content'}`, async () => {
        const { repository, copy, before } = await makePair();
        const [key] = await packsOf(repository, type);
        await damage(repository, key!, how);
        const { report, warnings } = await healAll(repository, [from(copy)]);
        assert.deepEqual([report.lost, warnings], [{ blobs: 0, files: [], affects: [], toCopy: [] }, []]);
        await whole(repository);
        assert.deepEqual(await readEverything(repository), before);
        assert.ok(!(await allKeys(repository)).includes(key!));
        const isMissing = how(Buffer.alloc(1000)) === undefined;
        assert.deepEqual(report.removed, isMissing ? [] : [key]);
        assert.ok(report.added.length > 0);
        const { freedBytes } = await prune(repository, { ...FOREVER, dryRun: true, maxUnused: 0 });
        assert.equal(freedBytes, 0, 'nothing is stored twice');
      });
    }
  }

  test('when every pack is damaged somewhere, and the copy has damage of its own', async () => {
    const { repository, copy, before } = await makePair();
    const keys = [...(await packsOf(repository, DATA)), ...(await packsOf(repository, TREE))];
    for (const key of keys) await damage(repository, key, DAMAGES['a flipped bit']!);
    // The last blob of each pack is damaged there, the first one here.
    for (const key of await packsOf(copy, DATA)) {
      await damage(copy, key, (bytes) => {
        const end = bytes.readUInt32LE(bytes.length - 4) + 4;
        bytes[bytes.length - end - 20]! ^= 1;
        return bytes;
      });
    }
    const { report } = await healAll(repository, [from(copy)]);
    const again = await healAll(copy, [from(repository)]);
    const [one, two] = [report.lost.blobs, again.report.lost.blobs];
    assert.ok(one < keys.length / 2, `${one} lost`);
    assert.ok(report.healed[0]!.blobs > 0 && again.report.healed[0]!.blobs > 0);
    assert.equal(two, one, 'what both have lost');
    if (one === 0) assert.deepEqual(await readEverything(repository), before);
  });

  test('each of two repositories heals the other', async () => {
    const { repository, copy, before } = await makePair();
    const [mine] = await packsOf(repository, DATA);
    const theirs = (await packsOf(copy, TREE))[0]!;
    await damage(repository, mine!, DAMAGES['the file missing']!);
    await damage(copy, theirs, DAMAGES['zeroes in it']!);
    await healAll(copy, [from(repository)]);
    await healAll(repository, [from(copy)]);
    for (const one of [repository, copy]) await whole(one);
    assert.deepEqual(await readEverything(repository), before);
  });

  test('of several copies each gives what it has', async () => {
    const { repository, copy } = await makePair();
    const other = await makeResticRepository();
    await copyAll(repository, other);
    const keys = await packsOf(repository, DATA);
    for (const key of keys) await damage(repository, key, DAMAGES['the file missing']!);
    for (const key of (await packsOf(copy, DATA)).slice(1)) await damage(copy, key, DAMAGES['the file missing']!);
    const { report } = await healAll(repository, [from(copy, 'first'), from(other, 'second')]);
    assert.equal(report.lost.blobs, 0);
    assert.deepEqual(
      report.healed.map((one) => [one.from, one.blobs > 0]),
      [
        ['first', true],
        ['second', true],
      ],
    );
    await whole(repository);
  });

  test('what one place fails with is a warning, and the next one is asked', async () => {
    const { repository, copy } = await makePair();
    const [key] = await packsOf(repository, DATA);
    await damage(repository, key!, DAMAGES['a flipped bit']!);
    const broken: HealFrom = {
      name: 'repository gone',
      open: async () => {
        throw new SuretyError('repository.wrong-password', 'wrong password');
      },
    };
    const dying = withStore(copy, (store) => ({
      ...store,
      read: async (name, range, how) => {
        if (name.startsWith('data/')) throw new SuretyError('store.unreachable', 'no answer');
        return await store.read(name, range, how);
      },
    }));
    const { report, warnings } = await healAll(repository, [broken, from(dying, 'repository slow'), from(copy)]);
    assert.equal(report.lost.blobs, 0);
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['repository gone can not be used: wrong password', 'repository slow can not be used: no answer'],
    );
  });

  test('a copy that nothing can be written to is enough', async () => {
    const { repository, copy } = await makePair();
    const refuse = async () => {
      throw new SuretyError('store.read-only', 'read only');
    };
    const readOnly = withStore(copy, (store) => ({ ...store, put: refuse, delete: refuse }));
    await damage(repository, (await packsOf(repository, DATA))[0]!, DAMAGES['a lost end']!);
    const { report } = await healAll(repository, [from(readOnly)]);
    assert.equal(report.lost.blobs, 0);
    await whole(repository);
  });
});

describe('without another place', () => {
  test('blobs that are stored twice and packs whose header is bad are made good', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, FILES);
    const keys = await packsOf(repository, DATA);
    await addSnapshot(repository, FILES, { again: true });
    await damage(repository, keys[0]!, DAMAGES['zeroes in it']!);
    await damage(repository, keys[1]!, DAMAGES['a flipped bit in the header']!);
    const { report } = await healAll(repository, []);
    assert.deepEqual([report.healed, report.lost.blobs], [[], 0]);
    assert.deepEqual(report.removed.toSorted(), [keys[0], keys[1]].toSorted());
    await whole(repository);
  });

  test('a damaged index file is made anew from the packs', async () => {
    const { repository, before } = await makePair();
    const [index] = await repository.files('index', FOREVER);
    await damage(repository, keyOf('index', index!.id), DAMAGES['a flipped bit']!);
    const { report } = await healAll(repository, []);
    assert.deepEqual([report.lost.blobs, report.removed], [0, [keyOf('index', index!.id)]]);
    await whole(repository);
    assert.deepEqual(await readEverything(repository), before);
  });

  test('what is lost is told with the paths it costs, and nothing else goes', async () => {
    const { repository, before } = await makePair();
    const [key] = await packsOf(repository, DATA);
    await damage(repository, key!, DAMAGES['a flipped bit']!);
    const { report } = await healAll(repository, []);
    assert.deepEqual([report.healed, report.removed], [[], []]);
    assert.equal(report.lost.blobs, 1);
    const lost = new Set(report.lost.affects.map(({ snapshot, path }) => `${snapshot}/${path}`));
    assert.ok(lost.size > 0);
    const { problems } = await verify(repository, { ...FOREVER, depth: 'data' });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['blob.missing'],
    );
    const { table } = await loadIndex(repository, FOREVER);
    assert.ok(table.count > 0);
    for (const [path] of before) {
      const isLost = lost.has(path);
      assert.equal(await isReadable(repository, path), !isLost, path);
    }
  });

  test('what stays lost is stored again by the next backup, and heals from a copy that comes later', async () => {
    for (const how of ['backup', 'copy'] as const) {
      const { repository, copy, before } = await makePair();
      for (const key of await packsOf(repository, DATA)) await damage(repository, key, DAMAGES['a flipped bit']!);
      const { report } = await healAll(repository, []);
      assert.ok(report.lost.blobs > 1);
      if (how === 'copy') {
        const again = await healAll(repository, [from(copy)]);
        assert.deepEqual([again.report.healed[0]?.blobs, again.report.lost.blobs], [report.lost.blobs, 0]);
      } else {
        await addSnapshot(repository, { ...FILES, ...MORE, 'docs/2': FILES['docs/two'] });
      }
      const { problems } = await verify(repository, { ...FOREVER, depth: 'data' });
      assert.deepEqual(problems, []);
      const after = await readEverything(repository);
      for (const [path, text] of before) assert.equal(after.get(path), text);
    }
  });
});

async function isReadable(repository: Repository, path: string): Promise<boolean> {
  const id = path.slice(0, 64);
  const report = await verify(repository, { ...FOREVER, depth: 'structure', snapshots: [id] });
  return !report.problems.some(({ affects }) => affects.some((one) => `${one.snapshot}/${one.path}` === path));
}

describe('content from elsewhere', () => {
  const offering = (files: Readonly<Record<string, Uint8Array | string>>, asked: string[] = []): HealFrom => ({
    name: 'source docs',
    async *contents({ files: wanted }): AsyncGenerator<OfferedContent> {
      for (const path of wanted.keys()) {
        asked.push(path);
        const content = files[path];
        if (content === undefined) continue;
        const bytes = Buffer.from(content);
        yield {
          path,
          chunks: (async function* () {
            for (let at = 0; at < bytes.length; at += 1777) yield bytes.subarray(at, at + 1777);
          })(),
        };
      }
    },
  });

  test('gives every piece whose hash is right, however it is cut there', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, FILES);
    const before = await readEverything(repository);
    for (const key of await packsOf(repository, DATA)) await damage(repository, key, DAMAGES['the file missing']!);
    const { report } = await healAll(repository, [offering(FILES)]);
    assert.deepEqual([report.healed[0]?.from, report.lost.blobs], ['source docs', 0]);
    await whole(repository);
    assert.deepEqual(await readEverything(repository), before);
  });

  test('that has changed gives the pieces that have not', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, FILES);
    for (const key of await packsOf(repository, DATA)) await damage(repository, key, DAMAGES['the file missing']!);
    const changed = Buffer.from(FILES['docs/one']);
    changed[5000]! ^= 1;
    const files = { ...FILES, 'docs/one': changed, 'docs/two': noise(77, 9000), four: 'five' };
    const { report } = await healAll(repository, [offering(files)]);
    // One of eight pieces of the first, all three of the second, and the small one.
    assert.equal(report.lost.blobs, 5);
    assert.deepEqual(report.lost.affects.map(({ path }) => path).sort(), ['docs/one', 'docs/two', 'four']);
  });

  test('is asked only for files that need something, and only until nothing is lost', async () => {
    const { repository, copy } = await makePair();
    const [key] = await packsOf(repository, DATA);
    await damage(repository, key!, DAMAGES['a flipped bit']!);
    const asked: string[] = [];
    await healAll(repository, [from(copy), offering(MORE, asked)]);
    assert.deepEqual(asked, []);
    await damage(repository, (await packsOf(repository, DATA))[0]!, DAMAGES['a flipped bit']!);
    await healAll(repository, [offering({ ...MORE }, asked)]);
    assert.equal(new Set(asked).size, 1);
  });

  test('that fails in the middle is passed over', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, FILES);
    for (const key of await packsOf(repository, DATA)) await damage(repository, key, DAMAGES['the file missing']!);
    const failing: HealFrom = {
      name: 'repository slow',
      async *contents(): AsyncGenerator<OfferedContent> {
        yield {
          path: 'four',
          chunks: (async function* () {
            yield Buffer.from('fo');
            throw new Error('cut off');
          })(),
        };
      },
    };
    const { report, warnings } = await healAll(repository, [failing, offering(FILES)]);
    assert.deepEqual(
      [report.lost.blobs, warnings.map(({ message }) => message)],
      [0, ['repository slow can not be used: cut off']],
    );
  });
});

describe('single files', () => {
  test('a damaged snapshot comes back from its copy, with the tree it had', async () => {
    const { repository, copy } = await makePair();
    const { snapshots } = await listSnapshots(repository, FOREVER);
    await damage(repository, keyOf('snapshots', snapshots[0]!.id), DAMAGES['a flipped bit']!);
    const alone = await healAll(repository, []);
    assert.equal(alone.report.lost.files[0]?.key, keyOf('snapshots', snapshots[0]!.id));
    const { report } = await healAll(repository, [from(copy)]);
    assert.deepEqual([report.healed[0]?.files, report.lost.files], [1, []]);
    const after = await listSnapshots(repository, FOREVER);
    assert.deepEqual(after.unreadable, []);
    const found = after.snapshots.find(({ tags }) => tags[0] === snapshots[0]!.tags[0])!;
    assert.deepEqual({ ...found, id: '' }, { ...snapshots[0], id: '' });
    const json = await repository.readUnpacked('snapshots', found.id, FOREVER);
    assert.equal(decodeSnapshot(json, '').original, snapshots[0]!.id);
    await whole(repository);
  });

  test('a copy of the same files gives back any file as it was', async () => {
    const { repository, before } = await makePair();
    const twin = withStore(repository, () => openMemoryStore());
    const keys = await allKeys(repository);
    for (const key of keys) await twin.store.put(key, await repository.store.read(key, undefined, FOREVER), FOREVER);
    const packs = await packsOf(repository, DATA);
    const spoiled = [packs[0]!, ...keys.filter((key) => /^(index|snapshots)\//.test(key))];
    for (const key of spoiled) await damage(repository, key, DAMAGES['zeroes in it']!);
    await damage(repository, packs[1]!, DAMAGES['the file missing']!);
    // Without an index, nobody knows what is in the packs.
    const { report: first } = await healAll(repository, [from(twin)]);
    const { report: second } = await healAll(repository, [from(twin)]);
    assert.deepEqual([first.lost.blobs, second.lost.blobs], [0, 0]);
    assert.deepEqual(await allKeys(repository), keys);
    assert.deepEqual([...first.added, ...second.added].toSorted(), [...spoiled, packs[1]].toSorted());
    assert.deepEqual(await readEverything(repository), before);
    await whole(repository);
  });
});

describe('healing', () => {
  test('tried out changes nothing and says what it would do', async () => {
    const { repository, copy } = await makePair();
    await damage(repository, (await packsOf(repository, DATA))[0]!, DAMAGES['zeroes in it']!);
    const keys = await allKeys(repository);
    const planned = await healAll(repository, [from(copy)], { dryRun: true });
    assert.deepEqual([await allKeys(repository), planned.report.added, planned.report.removed], [keys, [], []]);
    const done = await healAll(repository, [from(copy)]);
    assert.deepEqual(done.report.healed, planned.report.healed);
    assert.equal(planned.report.lost.blobs, 0);
  });

  test('of a sound repository changes nothing', async () => {
    const { repository, copy } = await makePair();
    const keys = await allKeys(repository);
    const { report } = await healAll(repository, [from(copy)]);
    assert.deepEqual(report, {
      healed: [],
      lost: { blobs: 0, files: [], affects: [], toCopy: [] },
      added: [],
      removed: [],
    });
    assert.deepEqual(await allKeys(repository), keys);
  });

  test('waits for nobody: a backup that is under way is in the way', async () => {
    const { repository, copy } = await makePair();
    await using _lock = await takeLock(repository, { ...FOREVER, exclusive: false });
    await assert.rejects(healAll(repository, [from(copy)]), (error) => hasCode(error, 'repository.locked'));
  });

  test('that ends at any write loses nothing, and the next one finishes it', async () => {
    const { repository: first, copy, before } = await makePair();
    const [one, two] = await packsOf(first, DATA);
    const suspects = [one!, two!, (await packsOf(first, TREE))[0]!];
    await damage(first, suspects[0]!, DAMAGES['a flipped bit']!);
    await damage(first, suspects[1]!, DAMAGES['a lost end']!);
    await damage(first, suspects[2]!, DAMAGES['the file missing']!);
    const how = { ...FOREVER, warn: () => {}, dryRun: false, suspects, from: [from(copy)] };
    let nth = 1;
    for (let ended = false; !ended; nth++) {
      const repository = await cloned(first);
      let writes = 0;
      const dying = withStore(repository, (store) => {
        const stop = (key: string): void => {
          if (!key.startsWith('locks/') && ++writes >= nth) throw new Error('killed');
        };
        const put: typeof store.put = async (key, body, putHow) => {
          stop(key);
          await store.put(key, body, putHow);
        };
        const remove: typeof store.delete = async (key, deleteHow) => {
          stop(key);
          await store.delete(key, deleteHow);
        };
        return { ...store, put, delete: remove };
      });
      ended = await heal(dying, how).then(
        () => true,
        (error: Error) => {
          assert.match(error.message, /killed/);
          return false;
        },
      );
      const { lost } = await heal(repository, how);
      assert.equal(lost.blobs, 0, `killed at write ${nth}`);
      assert.deepEqual(await readEverything(repository), before);
      if (ended || nth % 3 === 0)
        assert.deepEqual((await verify(repository, { ...FOREVER, depth: 'data' })).problems, []);
    }
    assert.ok(nth > 6, `${nth} writes`);
  });

  test('where there is no room fails as such and leaves what is there', async () => {
    const { repository, copy } = await makePair();
    const keys = await packsOf(repository, DATA);
    await damage(repository, keys[0]!, DAMAGES['a flipped bit']!);
    const before = await allKeys(repository);
    const full = withStore(repository, (store) =>
      withFaults(store, {
        faults: [{ calls: ['put'], prefix: 'data/', action: { kind: 'fail', when: 'before', code: 'store.full' } }],
      }),
    );
    await assert.rejects(healAll(full, [from(copy)]), (error) => hasCode(error, 'store.full'));
    assert.deepEqual(await allKeys(repository), before);
  });

  test('where nothing may be removed stores what was lost all the same, and says so', async () => {
    const { repository, copy, before } = await makePair();
    const [key] = await packsOf(repository, DATA);
    await damage(repository, key!, DAMAGES['a flipped bit']!);
    const keeping = withStore(repository, (store) => ({
      ...store,
      delete: async (name, how) => {
        if (!name.startsWith('locks/')) throw new SuretyError('store.denied', 'may not delete');
        await store.delete(name, how);
      },
    }));
    const { report, warnings } = await healAll(keeping, [from(copy)]);
    assert.deepEqual([report.lost.blobs, report.removed, warnings.length], [0, [], 1]);
    assert.match(warnings[0]!.message, /can not be removed: may not delete/);
    assert.ok((await allKeys(repository)).includes(key!));
    assert.deepEqual(await readEverything(repository), before);
    await healAll(repository, []);
    await whole(repository);
  });

  test('relies on no other place of a blob that nobody has looked at', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, { one: FILES['docs/one'] });
    const before = await packsOf(repository, DATA);
    await addSnapshot(repository, { one: FILES['docs/one'] }, { again: true });
    const [first] = before;
    const others = (await packsOf(repository, DATA)).filter((key) => !before.includes(key));
    // The last blob of the one, and the first of the other: together they have everything, but only the one is suspected.
    await damage(repository, first!, DAMAGES['a flipped bit in the header']!);
    for (const key of others) await damage(repository, key, DAMAGES['a flipped bit']!);
    const contents = await readEverything(repository);
    await heal(repository, { ...FOREVER, warn: () => {}, dryRun: false, suspects: [first!], from: [] });
    assert.deepEqual(await readEverything(repository), contents);
    assert.ok(!(await allKeys(repository)).includes(first!));
  });

  test('refuses where the list of packs leaves out what is there', async () => {
    const { repository, copy } = await makePair();
    const [key] = await packsOf(repository, DATA);
    const forgetful = withStore(repository, (store) => ({
      ...store,
      async *list(prefix, how) {
        for await (const one of store.list(prefix, how)) if (one.key !== key) yield one;
      },
    }));
    const before = await allKeys(repository);
    await assert.rejects(healAll(forgetful, [from(copy)]), /the list of packs leaves it out/);
    assert.deepEqual(await allKeys(repository), before);
  });
});
