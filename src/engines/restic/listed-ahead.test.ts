import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FOREVER } from '../../../test/fixtures/restic-repository.ts';
import { systemClock } from '../../base/clock.ts';
import { hasCode } from '../../base/errors.ts';
import { withFaults } from '../../stores/faulty.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { Store } from '../../stores/store.ts';
import type { OpenAhead } from '../engine.ts';
import { encodeLock } from './format/lock.ts';
import { dateToNs } from './format/time.ts';
import { initRestic } from './init.ts';
import { filesLately } from './listed-ahead.ts';
import { takeLock } from './locks.ts';
import { openRepository } from './open-repository.ts';
import type { Repository } from './repository.ts';

const OPTIONS = {
  ...{ password: 'open sesame', compressionLevel: 3, host: 'test-host', user: 'test-user', program: 'surety test' },
  clock: { ...systemClock, sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(ms < 1000 ? 0 : ms, signal) },
};

async function far(): Promise<Store> {
  const store = openMemoryStore();
  await initRestic(store, OPTIONS);
  return { ...store, traits: { ...store.traits, remote: true } };
}

/** Opened for a backup; `listed` is what was listed by the time the key is being made, and counts on. */
async function opened(store: Store): Promise<{ repository: Repository; listed: string[]; early: readonly string[] }> {
  const listed: string[] = [];
  let early: readonly string[] = [];
  const told: Store = {
    ...store,
    list(prefix, how) {
      listed.push(prefix);
      return store.list(prefix, how);
    },
  };
  const ahead: OpenAhead = {
    verb: 'backup',
    begun() {
      early = [...listed];
    },
  };
  return { repository: await openRepository(told, { ...OPTIONS, ahead }), listed, early };
}

function lockOfOther({ writeUnpacked, clock }: Repository): Promise<string> {
  const other = { exclusive: true, host: 'other-host', user: 'somebody', pid: 4711, uid: 0, gid: 0 };
  return writeUnpacked('locks', encodeLock({ ...other, timeNs: dateToNs(clock.now()) }), FOREVER);
}

describe('lists that are asked for ahead', () => {
  test('are on their way while the key is made, serve once, and are made anew after that', async () => {
    const { repository, listed, early } = await opened(await far());
    assert.deepEqual(early.toSorted(), ['index/', 'keys/', 'locks/', 'snapshots/']);
    const id = await repository.writeUnpacked('snapshots', '{}', FOREVER);
    assert.deepEqual(await filesLately(repository, 'snapshots', FOREVER), []);
    assert.deepEqual(
      (await filesLately(repository, 'snapshots', FOREVER)).map((file) => file.id),
      [id],
    );
    assert.equal(listed.length, 5);
  });

  test('do not hide a lock that came after them', async () => {
    const { repository } = await opened(await far());
    const id = await lockOfOther(repository);
    await assert.rejects(takeLock(repository, { ...FOREVER, exclusive: false }), (error) =>
      hasCode(error, 'repository.locked'),
    );
    assert.deepEqual(
      (await repository.files('locks', FOREVER)).map((file) => file.id),
      [id],
      'its own lock is gone again',
    );
  });

  test('that fail are made again when they are needed', async () => {
    const away = { kind: 'fail', when: 'before', code: 'store.unavailable' } as const;
    const faults = [{ calls: ['list'] as const, prefix: 'locks/', nth: 1, action: away }];
    const { repository } = await opened(withFaults(await far(), { faults }));
    await using _ = await takeLock(repository, { ...FOREVER, exclusive: true });
    assert.equal((await repository.files('locks', FOREVER)).length, 1);
  });
});
