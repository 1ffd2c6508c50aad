import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addSnapshot, FOREVER, makeResticRepository, withStore } from '../../../test/fixtures/restic-repository.ts';
import { hasCode } from '../../base/errors.ts';
import { randomBytes } from '../../base/ids.ts';
import { withFaults } from '../../stores/faulty.ts';
import { writeLock } from './lock-files.ts';
import { readHeader } from './read-header.ts';
import { keyOf, type RepositoryFile } from './repository.ts';

const isDamaged = (error: unknown) => hasCode(error, 'repository.damaged');

describe('the files of a repository', () => {
  test('any flipped bit or cut end of an index, a snapshot or a lock is noticed and named', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, { a: randomBytes(3000) });
    await writeLock(repository, false, FOREVER);
    const kinds = ['index', 'snapshots', 'locks'] as const;
    const one = fc.record({ kind: fc.constantFrom(...kinds), bit: fc.nat(), cut: fc.oneof(fc.constant(0), fc.nat()) });
    await fc.assert(
      fc.asyncProperty(one, async ({ kind, bit, cut }) => {
        const { id } = (await repository.files(kind, FOREVER))[0]!;
        const key = keyOf(kind, id);
        const good = await repository.store.read(key, undefined, FOREVER);
        const bad = cut === 0 ? good.slice() : good.slice(0, cut % good.length);
        if (cut === 0) bad[(bit >> 3) % bad.length]! ^= 1 << (bit & 7);
        await repository.store.put(key, bad, FOREVER);
        await assert.rejects(repository.readUnpacked(kind, id, FOREVER), (error) => {
          assert.ok(isDamaged(error) && error instanceof Error && error.message.includes(key));
          return true;
        });
        await repository.store.put(key, good, FOREVER);
        await repository.readUnpacked(kind, id, FOREVER);
      }),
    );
  });

  test('any flipped bit in the header of a pack is noticed', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, { a: randomBytes(3000), b: randomBytes(3000) });
    const files = await repository.files('data', FOREVER);
    const where = fc.record({ file: fc.constantFrom(...files), back: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) });
    await fc.assert(
      fc.asyncProperty(where, async ({ file, back, bit }) => {
        const blobs = await readHeader(repository, file, FOREVER);
        const headerBytes = file.sizeBytes - blobs.reduce((sum, blob) => sum + blob.length, 0);
        const key = keyOf('data', file.id);
        const bytes = await repository.store.read(key, undefined, FOREVER);
        bytes[bytes.length - 1 - (back % headerBytes)]! ^= 1 << bit;
        await repository.store.put(key, bytes, FOREVER);
        await assert.rejects(readHeader(repository, file, FOREVER), isDamaged);
        bytes[bytes.length - 1 - (back % headerBytes)]! ^= 1 << bit;
        await repository.store.put(key, bytes, FOREVER);
      }),
    );
  });

  test('the header of a pack of many blobs is read whole', async () => {
    const repository = await makeResticRepository({ packSizeBytes: 1 << 20 });
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`${at}`, `content ${at}`]));
    await addSnapshot(repository, files);
    const counts = await Promise.all(
      (await repository.files('data', FOREVER)).map(
        async (file) => (await readHeader(repository, file, FOREVER)).length,
      ),
    );
    assert.deepEqual(counts.sort(), [1, 400]);
  });

  test('a pack that is cut is damaged, however little is left', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, { a: randomBytes(3000) });
    const file = (await repository.files('data', FOREVER))[0] as RepositoryFile;
    const bytes = await repository.store.read(keyOf('data', file.id), undefined, FOREVER);
    for (const sizeBytes of [0, 1, 36, 37, 100, bytes.length - 1]) {
      await repository.store.put(keyOf('data', file.id), bytes.subarray(0, sizeBytes), FOREVER);
      await assert.rejects(readHeader(repository, { ...file, sizeBytes }, FOREVER), isDamaged, `${sizeBytes} bytes`);
    }
  });

  test('a bit that flips on the way, and not in the store, does no harm', async () => {
    const repository = await makeResticRepository();
    const id = await addSnapshot(repository, { a: 'a' });
    const faulty = withStore(repository, (store) =>
      withFaults(store, { faults: [{ calls: ['read'], nth: 1, action: { kind: 'flip', bit: 333 } }] }),
    );
    await faulty.readUnpacked('snapshots', id, FOREVER);
  });

  test('one of another repository is not taken for damage of the bytes', async () => {
    const [ours, theirs] = [await makeResticRepository(), await makeResticRepository()];
    const id = await addSnapshot(theirs, { a: 'a' });
    const bytes = await theirs.store.read(keyOf('snapshots', id), undefined, FOREVER);
    await ours.store.put(keyOf('snapshots', id), bytes, FOREVER);
    await assert.rejects(ours.readUnpacked('snapshots', id, FOREVER), /not sealed with the key of this repository/);
  });

  test('that are not the repository’s are not listed', async () => {
    const repository = await makeResticRepository();
    const id = await addSnapshot(repository, { a: 'a' });
    for (const key of ['snapshots/README', `snapshots/${'A'.repeat(64)}`, `data/00/${'1'.repeat(64)}`, 'data/x']) {
      await repository.store.put(key, randomBytes(10), FOREVER);
    }
    assert.deepEqual(
      (await repository.files('snapshots', FOREVER)).map((file) => file.id),
      [id],
    );
    assert.equal((await repository.files('data', FOREVER)).length, 2);
  });
});
