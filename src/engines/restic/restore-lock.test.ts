import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noise } from '../../../test/fixtures/content.ts';
import { addSnapshot, FOREVER, makeResticRepository, withStore } from '../../../test/fixtures/restic-repository.ts';
import { withFaults } from '../../stores/faulty.ts';
import { forget } from './forget.ts';
import { encodeLock } from './format/lock.ts';
import { dateToNs } from './format/time.ts';
import { takeLock } from './locks.ts';
import type { Repository } from './repository.ts';
import { restore } from './restore.ts';
import { findSnapshot } from './snapshots.ts';

const ALONE = encodeLock({
  ...{ timeNs: dateToNs(new Date()), exclusive: true, host: 'other-host', user: 'somebody', pid: 4711, uid: 0, gid: 0 },
});

async function begin(repository: Repository, id: string) {
  return await restore(repository, await findSnapshot(repository, id, FOREVER), FOREVER);
}

test('nobody removes anything while a restore goes on, and its lock ends with it', async () => {
  const repository = await makeResticRepository();
  const id = await addSnapshot(repository, { one: noise(1, 900) });
  {
    await using _ = await begin(repository, id);
    await assert.rejects(forget(repository, [id], FOREVER), { code: 'repository.locked' });
  }
  assert.equal((await repository.files('locks', FOREVER)).length, 0);
  await forget(repository, [id], FOREVER);
});

test('a restore that can not begin leaves no lock', async () => {
  const repository = await makeResticRepository();
  const id = await addSnapshot(repository, { one: noise(1, 900) });
  const snapshot = await findSnapshot(repository, id, FOREVER);
  await assert.rejects(restore(repository, snapshot, { ...FOREVER, select: ['two'] }), {
    code: 'snapshot.path-missing',
  });
  assert.equal((await repository.files('locks', FOREVER)).length, 0);
});

test('a restore begins when its lock is written, and one that is lost while it settles stops nothing', async () => {
  const plain = await makeResticRepository();
  const id = await addSnapshot(plain, { one: noise(1, 900) });
  const settled = Promise.withResolvers<void>();
  let lockLists = 0;
  const repository = withStore(plain, (store) => ({
    ...store,
    async *list(prefix, how) {
      if (prefix === 'locks/') lockLists += 1;
      if (prefix === 'locks/' && lockLists === 2) {
        await settled.promise;
        // Whoever is alone came in the same moment.
        await plain.writeUnpacked('locks', ALONE, FOREVER);
      }
      yield* store.list(prefix, how);
    },
  }));
  {
    await using restoring = await begin(repository, id);
    assert.equal((await plain.files('locks', FOREVER)).length, 1);
    settled.resolve();
    assert.equal((await Array.fromAsync(restoring.entries())).flat().length, 1);
  }
  const left = await plain.files('locks', FOREVER);
  assert.ok(left.length <= 1, 'the lock of the restore is gone');
});

test('a restore that ends while its lock settles takes the lock with it', async () => {
  const repository = await makeResticRepository();
  const id = await addSnapshot(repository, { one: noise(1, 900) });
  const startedMs = performance.now();
  await (await begin(repository, id))[Symbol.asyncDispose]();
  assert.equal((await repository.files('locks', FOREVER)).length, 0);
  assert.ok(performance.now() - startedMs < 5_000);
});

test('a restore goes on without a lock where another program is alone, or where none can be written', async () => {
  const repository = await makeResticRepository();
  const id = await addSnapshot(repository, { one: noise(1, 900) });
  {
    await using _lock = await takeLock(repository, { ...FOREVER, exclusive: true });
    await using _ = await begin(repository, id);
  }
  for (const code of ['store.full', 'store.read-only']) {
    const action = { kind: 'fail', when: 'before', code } as const;
    const unwritable = withStore(repository, (store) => withFaults(store, { faults: [{ calls: ['put'], action }] }));
    await using _ = await begin(unwritable, id);
  }
});
