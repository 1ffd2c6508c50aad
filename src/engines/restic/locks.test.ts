import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { FOREVER, makeResticRepository, withStore } from '../../../test/fixtures/restic-repository.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { withFaults } from '../../stores/faulty.ts';
import { encodeLock, type LockDocument } from './format/lock.ts';
import { dateToNs } from './format/time.ts';
import { readLocks } from './lock-files.ts';
import { takeLock, withLock } from './locks.ts';
import type { Repository } from './repository.ts';
import { unlock } from './unlock.ts';

const SHARED = { ...FOREVER, exclusive: false };
const EXCLUSIVE = { ...FOREVER, exclusive: true };
const MINUTE_MS = 60_000;
const AWAY = { kind: 'fail', when: 'before', code: 'store.unavailable' } as const;

const isLocked = (error: unknown) => hasCode(error, 'repository.locked');

/** Writes the lock of another program. */
function put(repository: Repository, lock: Partial<LockDocument> & { readonly ageMs?: number }): Promise<string> {
  const timeNs = dateToNs(new Date(repository.clock.now().getTime() - (lock.ageMs ?? 0)));
  const other = { exclusive: false, host: 'other-host', user: 'somebody', pid: 4711, uid: 0, gid: 0 };
  return repository.writeUnpacked('locks', encodeLock({ ...other, timeNs, ...lock }), FOREVER);
}

/** The same repository, whose lock files came to it so long before; `serverMs` is how far its own clock is ahead of this one. */
function aged(repository: Repository, ageMs: number, serverMs?: number): Repository {
  const before = (time: Date) => new Date(time.getTime() - ageMs);
  return withStore(repository, (store) => ({
    ...store,
    async *list(prefix, how) {
      for await (const one of store.list(prefix, how)) yield { ...one, modifiedAt: before(one.modifiedAt) };
    },
    ...(serverMs !== undefined && { serverTime: async () => new Date(Date.now() + serverMs) }),
  }));
}

async function lockCount(repository: Repository): Promise<number> {
  return (await repository.files('locks', FOREVER)).length;
}

/** A wall clock that a test moves on; its pauses end when it is moved past them. */
function movableClock(): Clock & { move(durationMs: number): Promise<void> } {
  let nowMs = 1_700_000_000_000;
  const sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  return {
    now: () => new Date(nowMs),
    elapsedMs: () => nowMs,
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        if (durationMs < 1000) return resolve();
        const sleeper = { untilMs: nowMs + durationMs, wake: resolve };
        sleepers.add(sleeper);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    async move(durationMs) {
      nowMs += durationMs;
      for (const sleeper of sleepers) {
        if (sleeper.untilMs > nowMs) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
      await systemClock.sleep(5, FOREVER.signal);
    },
  };
}

describe('locks', () => {
  test('that are shared go together; an exclusive one goes with none', async () => {
    const repository = await makeResticRepository();
    await withLock(repository, SHARED, () =>
      withLock(repository, SHARED, async () => {
        assert.equal(await lockCount(repository), 2);
        await assert.rejects(
          withLock(repository, EXCLUSIVE, async () => {}),
          isLocked,
        );
      }),
    );
    await withLock(repository, EXCLUSIVE, async () => {
      await assert.rejects(
        withLock(repository, SHARED, async () => {}),
        isLocked,
      );
      await assert.rejects(
        withLock(repository, EXCLUSIVE, async () => {}),
        isLocked,
      );
    });
    assert.equal(await lockCount(repository), 0);
  });

  test('for which there is no room tell what to do before a cleanup can make any', async () => {
    const full = { kind: 'fail', when: 'before', code: 'store.full' } as const;
    const repository = withStore(await makeResticRepository(), (store) =>
      withFaults(store, { faults: [{ calls: ['put'], prefix: 'locks/', action: full }] }),
    );
    await assert.rejects(
      withLock(repository, EXCLUSIVE, async () => {}),
      (error) => hasCode(error, 'store.full') && /some hundred bytes.*then surety cleanup/.test(String(error.hint)),
    );
  });

  test('tell who holds them and for how long', async () => {
    const repository = await makeResticRepository();
    await put(repository, { exclusive: true, ageMs: 5 * MINUTE_MS });
    await assert.rejects(
      withLock(repository, SHARED, async () => {}),
      (error) => {
        assert.ok(error instanceof SuretyError && isLocked(error));
        assert.match(error.message, /locked exclusively by process 4711 of somebody on other-host since 5 minutes/);
        assert.equal(error.details.host, 'other-host');
        assert.equal(error.details.pid, 4711);
        assert.equal(error.details.ageSeconds, 300);
        return true;
      },
    );
    assert.equal(await lockCount(repository), 1, 'our own is gone');
  });

  test('asked for at the same moment are never both exclusive', async () => {
    for (let round = 0; round < 10; round++) {
      const repository = await makeResticRepository();
      let inside = 0;
      const attempts = Array.from({ length: 3 }, () =>
        withLock(repository, EXCLUSIVE, async () => {
          inside += 1;
          assert.equal(inside, 1);
          await systemClock.sleep(3, FOREVER.signal);
          inside -= 1;
        }),
      );
      for (const result of await Promise.allSettled(attempts)) {
        if (result.status === 'rejected') assert.ok(isLocked(result.reason));
      }
      assert.equal(await lockCount(repository), 0);
    }
  });

  test('not renewed for more than 30 minutes do not stop anybody, and go', async () => {
    const repository = aged(await makeResticRepository(), 31 * MINUTE_MS);
    await put(repository, { exclusive: true, ageMs: 31 * MINUTE_MS });
    await withLock(repository, EXCLUSIVE, async () => assert.equal(await lockCount(repository), 1));
    assert.equal(await lockCount(repository), 0);
  });

  test('of a machine whose clock is slow hold as long as they are renewed', async () => {
    const repository = await makeResticRepository();
    await put(repository, { ageMs: 120 * MINUTE_MS });
    await assert.rejects(
      withLock(repository, EXCLUSIVE, async () => {}),
      isLocked,
    );
    assert.equal(await unlock(repository, { ...FOREVER, all: false }), 0);
    assert.equal(await lockCount(repository), 1);
  });

  test('are not taken for stale by a machine whose clock is fast, where the store tells the time', async () => {
    const repository = aged(await makeResticRepository(), 120 * MINUTE_MS, -120 * MINUTE_MS);
    await put(repository, { exclusive: true, ageMs: 120 * MINUTE_MS });
    await assert.rejects(
      withLock(repository, SHARED, async () => {}),
      isLocked,
    );
    assert.equal(await unlock(repository, { ...FOREVER, all: false }), 0);
    assert.equal(await lockCount(repository), 1);
  });

  test('of a process on this host that ended do not stop anybody; those of one that runs do', async () => {
    const repository = await makeResticRepository();
    const { host } = repository.identity;
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    await put(repository, { exclusive: true, host, pid: ended });
    await withLock(repository, EXCLUSIVE, async () => {});
    const id = await put(repository, { exclusive: true, host, pid: process.pid });
    await assert.rejects(
      withLock(repository, SHARED, async () => {}),
      isLocked,
    );
    await repository.deleteFile('locks', id, FOREVER);
    await put(repository, { exclusive: true, host: 'other-host', pid: ended });
    await assert.rejects(
      withLock(repository, SHARED, async () => {}),
      isLocked,
    );
  });

  test('that can not be read stop everybody, but for empty files', async () => {
    const repository = await makeResticRepository();
    await repository.store.put(`locks/${'a'.repeat(64)}`, new Uint8Array(), FOREVER);
    await withLock(repository, EXCLUSIVE, async () => {});
    await repository.store.put(`locks/${'b'.repeat(64)}`, new Uint8Array(50), FOREVER);
    await assert.rejects(
      withLock(repository, SHARED, async () => {}),
      isLocked,
    );
  });

  test('go when the work fails or is aborted, also while waiting', async () => {
    const repository = await makeResticRepository({ clock: systemClock });
    await assert.rejects(
      withLock(repository, SHARED, () => Promise.reject(new Error('work'))),
      { message: 'work' },
    );
    const aborting = new AbortController();
    const waiting = withLock(repository, { exclusive: true, signal: aborting.signal }, async () => assert.fail());
    await systemClock.sleep(50, FOREVER.signal);
    assert.equal(await lockCount(repository), 1);
    aborting.abort(new Error('stopped'));
    await assert.rejects(waiting, /stopped/);
    assert.equal(await lockCount(repository), 0);
  });

  test('are done without in a place that refuses to be written, where that is enough', async () => {
    const repository = withStore(await makeResticRepository(), (store) => ({
      ...store,
      put: () => Promise.reject(new SuretyError('store.read-only', 'the store is read-only')),
    }));
    assert.equal(await withLock(repository, { ...SHARED, optional: true }, async () => 7), 7);
    await assert.rejects(
      withLock(repository, SHARED, async () => 7),
      (error) => hasCode(error, 'store.read-only'),
    );
  });
});

describe('a lock that is given up while it settles', () => {
  test('is removed, and why it was given up is told even where it can not be removed', async () => {
    for (const faults of [[], [{ calls: ['delete' as const], action: AWAY }]]) {
      const plain = await makeResticRepository();
      const repository = withStore(plain, (store) => withFaults(store, { faults }));
      const meanwhile = () => Promise.reject(new Error('the index is damaged'));
      await assert.rejects(takeLock(repository, { ...SHARED, meanwhile }), /the index is damaged/);
      assert.equal(await lockCount(plain), faults.length);
    }
  });
});

describe('a lock that is held for long', () => {
  test('is renewed: there is always one, and it is never old', async () => {
    const clock = movableClock();
    const repository = await makeResticRepository({ clock });
    const lock = await takeLock(repository, EXCLUSIVE);
    const seen = new Set<string>();
    for (let minute = 0; minute < 120; minute++) {
      await clock.move(MINUTE_MS);
      const [held, ...others] = await readLocks(repository, FOREVER);
      assert.deepEqual(others, []);
      seen.add(held!.id);
      const ageNs = dateToNs(clock.now()) - held!.document!.timeNs;
      assert.ok(ageNs < 7n * 60_000_000_000n, `${ageNs}`);
    }
    assert.ok(seen.size >= 15);
    assert.ok(!lock.signal.aborted);
    await lock[Symbol.asyncDispose]();
    assert.equal(await lockCount(repository), 0);
  });

  test('survives a machine that slept, as long as nobody removed it', async () => {
    const clock = movableClock();
    const repository = await makeResticRepository({ clock });
    const lock = await takeLock(repository, EXCLUSIVE);
    await clock.move(3 * 60 * MINUTE_MS);
    assert.ok(!lock.signal.aborted);
    const [held] = await readLocks(repository, FOREVER);
    assert.equal(held?.document?.timeNs, dateToNs(clock.now()));
    await lock[Symbol.asyncDispose]();
    assert.equal(await lockCount(repository), 0);
  });

  test('that somebody removed while the machine slept stops the work', async () => {
    const clock = movableClock();
    const repository = await makeResticRepository({ clock });
    const lock = await takeLock(repository, EXCLUSIVE);
    await unlock(repository, { ...FOREVER, all: true });
    await clock.move(3 * 60 * MINUTE_MS);
    assert.ok(hasCode(lock.signal.reason, 'repository.lock-lost'));
    await lock[Symbol.asyncDispose]();
    assert.equal(await lockCount(repository), 0);
  });

  test('that can not be renewed stops the work before others take it for stale', async () => {
    const clock = movableClock();
    let isAway = false;
    const repository = withStore(await makeResticRepository({ clock }), (store) => {
      const broken = withFaults(store, { faults: [{ calls: ['put', 'list', 'delete'], action: AWAY }] });
      return {
        ...store,
        put: (key, body, how) => (isAway ? broken : store).put(key, body, how),
        list: (prefix, how) => (isAway ? broken : store).list(prefix, how),
        delete: (key, how) => (isAway ? broken : store).delete(key, how),
      };
    });
    const lock = await takeLock(repository, EXCLUSIVE);
    isAway = true;
    let heldMs = 0;
    for (; !lock.signal.aborted; heldMs += MINUTE_MS) await clock.move(MINUTE_MS);
    assert.ok(heldMs > 15 * MINUTE_MS && heldMs < 28 * MINUTE_MS, `${heldMs / MINUTE_MS} minutes`);
    assert.ok(hasCode(lock.signal.reason, 'repository.lock-lost'));
    await lock[Symbol.asyncDispose]();
  });

  test('that could not be renewed for a while is renewed when the store is back', async () => {
    const clock = movableClock();
    const repository = withStore(await makeResticRepository({ clock }), (store) =>
      withFaults(store, {
        faults: [2, 3].map((nth) => ({
          ...{ calls: ['put' as const], prefix: 'locks/', nth },
          action: { kind: 'fail', when: 'before', code: 'store.unavailable' },
        })),
      }),
    );
    await using lock = await takeLock(repository, EXCLUSIVE);
    for (let minute = 0; minute < 60; minute++) await clock.move(MINUTE_MS);
    assert.ok(!lock.signal.aborted);
  });
});

describe('unlock', () => {
  test('removes stale locks only, or all', async () => {
    const repository = aged(await makeResticRepository(), 31 * MINUTE_MS);
    await put(repository, { exclusive: true, ageMs: 31 * MINUTE_MS });
    await put(repository, { ageMs: 29 * MINUTE_MS });
    await repository.store.put(`locks/${'b'.repeat(64)}`, new Uint8Array(50), FOREVER);
    assert.equal(await unlock(repository, { ...FOREVER, all: false }), 1);
    assert.equal(await lockCount(repository), 2);
    assert.equal(await unlock(repository, { ...FOREVER, all: true }), 2);
    assert.equal(await lockCount(repository), 0);
  });
});
