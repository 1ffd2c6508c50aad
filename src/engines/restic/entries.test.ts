import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addSnapshot, FOREVER, makeResticRepository } from '../../../test/fixtures/restic-repository.ts';
import { hasCode } from '../../base/errors.ts';
import { randomBytes } from '../../base/ids.ts';
import { BATCH_ENTRIES } from '../../sources/source.ts';
import { entries } from './entries.ts';
import { FACTS_FILE, facts } from './facts.ts';
import { forget } from './forget.ts';
import { keyOf, type Repository } from './repository.ts';
import { findSnapshot, listSnapshots, suretyTags } from './snapshots.ts';

const FILES = { 'a/b/c': 'c', 'a/b/d': 'd', 'a/e': 'e', 'f/g/h/i': 'i', z: '' };

async function paths(repository: Repository, id: string, select?: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const snapshot = await findSnapshot(repository, id, FOREVER);
  for await (const batch of entries(repository, snapshot, { ...FOREVER, select })) {
    found.push(...batch.map((entry) => entry.path));
  }
  return found;
}

describe('the entries of a snapshot', () => {
  test('come in name order, directories before what is in them', async () => {
    const repository = await makeResticRepository();
    const id = await addSnapshot(repository, FILES);
    const all = ['a', 'a/b', 'a/b/c', 'a/b/d', 'a/e', 'f', 'f/g', 'f/g/h', 'f/g/h/i', 'z'];
    assert.deepEqual(await paths(repository, id), all);
  });

  test('that are selected come with the directories above them, and no others', async () => {
    const repository = await makeResticRepository();
    const id = await addSnapshot(repository, FILES);
    assert.deepEqual(await paths(repository, id, ['a/b']), ['a', 'a/b', 'a/b/c', 'a/b/d']);
    assert.deepEqual(await paths(repository, id, ['**/i', 'z']), ['f', 'f/g', 'f/g/h', 'f/g/h/i', 'z']);
    assert.deepEqual(await paths(repository, id, ['a', 'a/e']), ['a', 'a/b', 'a/b/c', 'a/b/d', 'a/e']);
    await assert.rejects(paths(repository, id, ['a', 'nothing/here']), (error) => {
      assert.ok(hasCode(error, 'snapshot.path-missing'));
      assert.match(error.message, /nothing\/here/);
      return true;
    });
  });

  test('of a large directory come in batches that are not too large', async () => {
    const repository = await makeResticRepository();
    const names = Array.from({ length: 3000 }, (_, at) => `file ${String(at).padStart(5, '0')}`);
    const id = await addSnapshot(repository, Object.fromEntries(names.map((name) => [`d/${name}`, ''])));
    const snapshot = await findSnapshot(repository, id, FOREVER);
    const sizes: number[] = [];
    for await (const batch of entries(repository, snapshot, FOREVER)) sizes.push(batch.length);
    assert.ok(sizes.every((size) => size <= BATCH_ENTRIES));
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      3001,
    );
  });

  test('far below what is selected come in such batches too, with all directories above', async () => {
    const repository = await makeResticRepository();
    const names = Array.from({ length: BATCH_ENTRIES - 1 }, (_, at) => `a${String(at).padStart(5, '0')}`);
    const deep = `${'d/'.repeat(700)}file`;
    const id = await addSnapshot(repository, Object.fromEntries([...names, deep].map((name) => [name, ''])));
    const snapshot = await findSnapshot(repository, id, FOREVER);
    const batches = await Array.fromAsync(entries(repository, snapshot, { ...FOREVER, select: ['a*', deep] }));
    assert.ok(batches.every(({ length }) => length <= BATCH_ENTRIES));
    const above = Array.from({ length: 700 }, (_, at) => 'd/'.repeat(at + 1).slice(0, -1));
    assert.deepEqual(
      batches.flat().map(({ path }) => path),
      [...names, ...above, deep],
    );
  });

  test('many directories are read ahead to the same result', async () => {
    const repository = await makeResticRepository();
    const files = Object.fromEntries(
      Array.from({ length: 700 }, (_, at) => [`d${at % 350}/${at % 7}/${at}`, `content ${at}`]),
    );
    const id = await addSnapshot(repository, files);
    const found = (await paths(repository, id)).filter((path) => path.split('/').length === 3);
    assert.deepEqual(found.sort(), Object.keys(files).sort());
  });

  test('a tree that is damaged in one pack is read from another', async () => {
    const repository = await makeResticRepository();
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`dir-${at}/file`, `content ${at}`]));
    const id = await addSnapshot(repository, files);
    const before = await paths(repository, id);
    const packs = await repository.files('data', FOREVER);
    await addSnapshot(repository, files, { again: true });
    for (const pack of packs) await repository.store.put(keyOf('data', pack.id), randomBytes(pack.sizeBytes), FOREVER);
    assert.deepEqual(await paths(repository, id), before);
  });

  test('a tree that is damaged everywhere is named', async () => {
    const repository = await makeResticRepository();
    const id = await addSnapshot(repository, FILES);
    for (const pack of await repository.files('data', FOREVER)) {
      await repository.store.put(keyOf('data', pack.id), randomBytes(pack.sizeBytes), FOREVER);
    }
    const { tree } = await findSnapshot(repository, id, FOREVER);
    await assert.rejects(paths(repository, id), (error) => {
      assert.ok(hasCode(error, 'tree.damaged'));
      assert.ok(error.message.includes(tree));
      return true;
    });
  });
});

describe('the document that Surety keeps in a snapshot', () => {
  const document = {
    ...{ kind: 'files', versions: { files: '1' }, files: 1, sizeBytes: 7, warnings: 0 },
    ...{ source: 'media', host: 'test-host', program: 'surety test' },
  };

  test('is read, and is not among the entries', async () => {
    const repository = await makeResticRepository();
    const tags = suretyTags('media', 'point-1');
    const id = await addSnapshot(repository, { ...FILES, [FACTS_FILE]: JSON.stringify(document) }, { tags });
    const snapshot = await findSnapshot(repository, id, FOREVER);
    assert.deepEqual([snapshot.source, snapshot.recoveryPoint], ['media', 'point-1']);
    assert.deepEqual(await facts(repository, snapshot, FOREVER), { ...document, recoveryPoint: 'point-1' });
    assert.ok(!(await paths(repository, id)).includes(FACTS_FILE));
  });

  test('is nothing but a file in a snapshot that Surety did not write', async () => {
    const repository = await makeResticRepository();
    const tags = ['source=media'];
    const id = await addSnapshot(repository, { [FACTS_FILE]: JSON.stringify(document) }, { tags });
    const snapshot = await findSnapshot(repository, id, FOREVER);
    assert.deepEqual([snapshot.source, snapshot.recoveryPoint], ['', '']);
    assert.equal(await facts(repository, snapshot, FOREVER), undefined);
    assert.deepEqual(await paths(repository, id), [FACTS_FILE]);
  });

  test('that is no such document is damage', async () => {
    const repository = await makeResticRepository();
    for (const text of ['{}', 'x', '{"kind":"files"}', 'null']) {
      const id = await addSnapshot(repository, { [FACTS_FILE]: text }, { tags: suretyTags('a', text) });
      const snapshot = await findSnapshot(repository, id, FOREVER);
      await assert.rejects(facts(repository, snapshot, FOREVER), (error) => hasCode(error, 'repository.damaged'), text);
    }
  });
});

describe('snapshots', () => {
  test('are found by the beginning of their id; a wrong one is answered with the nearest', async () => {
    const repository = await makeResticRepository();
    const id = await addSnapshot(repository, { a: 'a' });
    assert.equal((await findSnapshot(repository, id.slice(0, 6), FOREVER)).id, id);
    assert.equal((await findSnapshot(repository, id.slice(0, 8).toUpperCase(), FOREVER)).id, id);
    const slip = `${id.slice(0, 3)}${id[3] === 'f' ? 'e' : 'f'}${id.slice(4, 8)}`;
    await assert.rejects(findSnapshot(repository, slip, FOREVER), (error) => {
      assert.ok(hasCode(error, 'snapshot.unknown'));
      assert.ok(error.hint?.includes(id.slice(0, 8)), error.hint);
      return true;
    });
    await assert.rejects(findSnapshot(repository, '', FOREVER), (error) => hasCode(error, 'snapshot.unknown'));
  });

  test('an ambiguous beginning is told as such', async () => {
    const repository = await makeResticRepository();
    const first = new Set<string>();
    for (let at = 0; first.size === at; at++) first.add((await addSnapshot(repository, { a: `${at}` }))[0]!);
    const ids = (await repository.files('snapshots', FOREVER)).map((file) => file.id);
    const twice = ids.map((id) => id[0]!).find((digit) => ids.filter((id) => id.startsWith(digit)).length > 1)!;
    await assert.rejects(findSnapshot(repository, twice, FOREVER), (error) => hasCode(error, 'snapshot.ambiguous'));
  });

  test('one that can not be read is told, not left out', async () => {
    const repository = await makeResticRepository();
    const good = await addSnapshot(repository, { a: 'a' });
    const bad = await addSnapshot(repository, { a: 'b' });
    await repository.store.put(keyOf('snapshots', bad), randomBytes(99), FOREVER);
    const listing = await listSnapshots(repository, FOREVER);
    assert.deepEqual(
      listing.snapshots.map((snapshot) => snapshot.id),
      [good],
    );
    assert.deepEqual(
      listing.unreadable.map((snapshot) => snapshot.id),
      [bad],
    );
  });

  test('are forgotten by id', async () => {
    const repository = await makeResticRepository();
    const [first, second] = [await addSnapshot(repository, { a: 'a' }), await addSnapshot(repository, { a: 'b' })];
    await forget(repository, [first], FOREVER);
    assert.deepEqual(
      (await listSnapshots(repository, FOREVER)).snapshots.map((snapshot) => snapshot.id),
      [second],
    );
  });
});
