import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FOREVER } from '../../../test/fixtures/restic-repository.ts';
import { systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { Store } from '../../stores/store.ts';
import { CONFIG_KEY, encodeConfig } from './format/config.ts';
import { initRestic } from './init.ts';
import { openKeyMemory } from './key-memory.ts';
import { openKeyRing } from './keys.ts';
import { type OpenOptions, openRepository } from './open-repository.ts';
import { keyOf } from './repository.ts';

const OPTIONS: OpenOptions = {
  password: 'open sesame',
  compressionLevel: 3,
  host: 'test-host',
  user: 'test-user',
  program: 'surety test',
  clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms < 1000 ? 0 : ms, signal) },
};

const failsWith = (code: string) => (error: unknown) => hasCode(error, code);

async function made(): Promise<Store> {
  const store = openMemoryStore();
  await initRestic(store, OPTIONS);
  return store;
}

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, FOREVER)) keys.push(key);
  return keys;
}

async function change(store: Store, key: string, edit: (bytes: Uint8Array) => void): Promise<void> {
  const bytes = await store.read(key, undefined, FOREVER);
  edit(bytes);
  await store.put(key, bytes, FOREVER);
}

describe('a new repository', () => {
  test('opens with its password, and has format version 2', async () => {
    const repository = await openRepository(await made(), OPTIONS);
    assert.equal(repository.config.version, 2);
    const id = await repository.writeUnpacked('snapshots', '{"a":1}', FOREVER);
    assert.equal(Buffer.from(await repository.readUnpacked('snapshots', id, FOREVER)).toString(), '{"a":1}');
  });

  test('is not made where there is one, and that one stays as it is', async () => {
    const store = await made();
    const before = await keysOf(store, '');
    await assert.rejects(initRestic(store, { ...OPTIONS, password: 'other' }), failsWith('repository.exists'));
    assert.deepEqual(await keysOf(store, ''), before);
  });

  test('made twice at once is one repository with one key', async () => {
    const store = openMemoryStore();
    const results = await Promise.allSettled(
      ['first', 'second'].map((password) => initRestic(store, { ...OPTIONS, password })),
    );
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
    assert.equal((await keysOf(store, 'keys/')).length, 1);
    const password = results[0]!.status === 'fulfilled' ? 'first' : 'second';
    await openRepository(store, { ...OPTIONS, password });
  });

  test('is not made with an empty password', async () => {
    const store = openMemoryStore();
    await assert.rejects(initRestic(store, { ...OPTIONS, password: '' }), failsWith('key.empty-password'));
    assert.deepEqual(await keysOf(store, ''), []);
  });
});

describe('opening a repository', () => {
  test('that is not there says so', async () => {
    await assert.rejects(openRepository(openMemoryStore(), OPTIONS), failsWith('repository.missing'));
  });

  test('with a wrong password says so, and not the password', async () => {
    await assert.rejects(openRepository(await made(), { ...OPTIONS, password: 'open simsim' }), (error) => {
      assert.ok(hasCode(error, 'repository.wrong-password'));
      assert.doesNotMatch(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`, /simsim/);
      return true;
    });
  });

  test('makes the key that fitted before at once, and tries all others where that fits no more', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-keys-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const near = await made();
    const reads: string[] = [];
    let denied = 0;
    const store: Store = {
      ...near,
      async *list(prefix, how) {
        if (prefix === 'keys/') reads.push('list');
        // The one that was added last comes first.
        const found = await Array.fromAsync(near.list(prefix, how));
        yield* found.reverse();
      },
      async read(key, range, how) {
        if (key.startsWith('keys/')) reads.push(key.slice('keys/'.length));
        if (key.startsWith('keys/') && denied-- > 0) throw new SuretyError('store.denied', 'denied');
        return await near.read(key, range, how);
      },
    };
    const opening = async (password: string) => {
      reads.length = 0;
      const keyMemory = openKeyMemory(folder, 'somewhere', password);
      return await openRepository(store, { ...OPTIONS, password, keyMemory });
    };
    const { password } = OPTIONS;
    const first = await opening(password);
    assert.deepEqual(reads, ['list', first.keyId]);
    assert.equal((await opening(password)).keyId, first.keyId);
    assert.deepEqual(reads, [first.keyId], 'the store is asked whether it is still there');

    const second = await openKeyRing(first).add('second', FOREVER);
    assert.equal((await opening('second')).keyId, second);
    assert.deepEqual(reads.slice(0, 2), [first.keyId, 'list'], 'another password: the remembered key does not fit');
    assert.equal((await opening(password)).keyId, first.keyId);
    assert.deepEqual(reads, [second, 'list', first.keyId], 'the key that did not fit was tried once');
    denied = 1;
    assert.equal((await opening(password)).keyId, first.keyId, 'the remembered key is refused');
    assert.equal(reads.includes('list'), true);
    await assert.rejects(opening('3'), failsWith('repository.wrong-password'));

    await opening('second');
    await openKeyRing(first).remove(second, FOREVER);
    await assert.rejects(opening('second'), failsWith('repository.wrong-password'), 'the remembered key was removed');
    assert.equal((await opening(password)).keyId, first.keyId);
    const kept = readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8');
    const slow = kept.replace(/"r":\d+,"p":\d+/, '"r":1,"p":4096');
    assert.notEqual(slow, kept);
    for (const nonsense of ['', '../../config', '{}', slow]) {
      for (const name of readdirSync(folder)) writeFileSync(join(folder, name), nonsense);
      assert.equal((await opening(password)).keyId, first.keyId, `remembered: ${nonsense}`);
      assert.equal(reads[0], 'list');
    }
    await change(near, keyOf('keys', first.keyId), (bytes) => bytes.fill(0));
    await assert.rejects(opening(password), failsWith('repository.damaged'));
  });

  test('asks a distant store for all at once where a key is remembered, else first whether there is a repository', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-keys-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const near = await made();
    for (const expected of [
      [CONFIG_KEY, 'keys/'],
      [CONFIG_KEY, 'index/', 'keys/', 'locks/', 'snapshots/'],
    ]) {
      const asked: string[] = [];
      const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
      const store: Store = {
        ...near,
        traits: { ...near.traits, remote: true },
        async *list(prefix, how) {
          asked.push(prefix);
          await answered;
          yield* near.list(prefix, how);
        },
        async read(key, range, how) {
          asked.push(key.replace(/^keys.*/, 'keys/'));
          await answered;
          return await near.read(key, range, how);
        },
      };
      const keyMemory = openKeyMemory(folder, 'far away', OPTIONS.password);
      const opening = openRepository(store, { ...OPTIONS, keyMemory, ahead: { verb: 'restore', begun: () => {} } });
      await setImmediate();
      assert.deepEqual(asked.toSorted(), expected.toSorted());
      answer();
      await opening;
    }
  });

  test('tells why the remembered key could not be asked for', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-keys-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const near = await made();
    const opening = (store: Store) =>
      openRepository(store, { ...OPTIONS, keyMemory: openKeyMemory(folder, 'here', OPTIONS.password) });
    await opening(near);
    const gone: Store = {
      ...near,
      async read(key, range, how) {
        if (key.startsWith('keys/')) throw new SuretyError('store.unavailable', 'nobody answers');
        return await near.read(key, range, how);
      },
      list() {
        throw new SuretyError('store.denied', 'not to be asked');
      },
    };
    await assert.rejects(opening(gone), failsWith('store.unavailable'));
  });

  test('remembers nothing in a folder where others may write', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'surety-keys-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o777);
    const store = await made();
    await openRepository(store, { ...OPTIONS, keyMemory: openKeyMemory(folder, 'here', OPTIONS.password) });
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(openKeyMemory(folder, 'here', OPTIONS.password).known, undefined);
  });

  test('of an unknown format version says so', async () => {
    const store = await made();
    const { sealer, config } = await openRepository(store, OPTIONS);
    await store.put(CONFIG_KEY, sealer.seal(Buffer.from(encodeConfig({ ...config, version: 3 }))), FOREVER);
    await assert.rejects(openRepository(store, OPTIONS), failsWith('repository.version'));
  });

  test('any flipped bit of the config or the only key is noticed and named', async () => {
    for (const choose of [async () => CONFIG_KEY, async (store: Store) => (await keysOf(store, 'keys/'))[0]!]) {
      for (const place of [0.01, 0.3, 0.99]) {
        const store = await made();
        const key = await choose(store);
        await change(store, key, (bytes) => {
          bytes[Math.floor(bytes.length * place)]! ^= 4;
        });
        await assert.rejects(openRepository(store, OPTIONS), (error) => {
          assert.ok(hasCode(error, 'repository.damaged'));
          assert.ok(error.message.includes(key));
          return true;
        });
      }
    }
  });

  test('without any key is not taken for a wrong password', async () => {
    const store = await made();
    for (const key of await keysOf(store, 'keys/')) await store.delete(key, FOREVER);
    await assert.rejects(openRepository(store, OPTIONS), failsWith('repository.damaged'));
  });
});

describe('the passwords of a repository', () => {
  test('one more opens it too, until it is removed', async () => {
    const store = await made();
    const ring = openKeyRing(await openRepository(store, OPTIONS));
    const id = await ring.add('second', FOREVER);
    const listed = await ring.list(FOREVER);
    assert.deepEqual(
      listed.map((key) => [key.id === id, key.current, key.host]),
      [
        [false, true, 'test-host'],
        [true, false, 'test-host'],
      ],
    );
    await openRepository(store, { ...OPTIONS, password: 'second' });
    await ring.remove(id.slice(0, 10), FOREVER);
    await assert.rejects(
      openRepository(store, { ...OPTIONS, password: 'second' }),
      failsWith('repository.wrong-password'),
    );
    assert.deepEqual(await keysOf(store, 'locks/'), []);
  });

  test('a damaged key does not keep the others from opening it', async () => {
    const store = await made();
    const repository = await openRepository(store, OPTIONS);
    const id = await openKeyRing(repository).add('second', FOREVER);
    await change(store, keyOf('keys', repository.keyId), (bytes) => bytes.fill(0));
    await openRepository(store, { ...OPTIONS, password: 'second' });
    await assert.rejects(openRepository(store, OPTIONS), failsWith('repository.wrong-password'));
    assert.notEqual(id, repository.keyId);
  });

  test('the one in use is not removed, an unknown one is named', async () => {
    const repository = await openRepository(await made(), OPTIONS);
    const ring = openKeyRing(repository);
    await assert.rejects(ring.remove(repository.keyId, FOREVER), failsWith('key.in-use'));
    for (const id of ['', 'f00', 'xyz']) {
      if (!repository.keyId.startsWith(id) || id === '')
        await assert.rejects(ring.remove(id, FOREVER), failsWith('key.unknown'));
    }
  });

  test('after a change only the new one opens it, and it can be changed again', async () => {
    const store = await made();
    const ring = openKeyRing(await openRepository(store, OPTIONS));
    await ring.change('second', FOREVER);
    await assert.rejects(openRepository(store, OPTIONS), failsWith('repository.wrong-password'));
    const id = await ring.change('third', FOREVER);
    assert.equal((await openRepository(store, { ...OPTIONS, password: 'third' })).keyId, id);
    assert.equal((await keysOf(store, 'keys/')).length, 1);
  });
});
