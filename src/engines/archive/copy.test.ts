import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { DUMP, dumpOf, entryOf, type Opened, openTestArchive } from '../../../test/fixtures/archive-repository.ts';
import { hasCode } from '../../base/errors.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { Store } from '../../stores/store.ts';
import { sampleOf } from '../contract-sample.ts';
import { assertRestores, backUp, HOW, problemsOf } from '../contract-steps.ts';
import type { CopyResult, Snapshot } from '../engine.ts';

const AT = { startedAt: new Date('2024-11-22T02:00:00.250Z') };
const DATABASE = { ...AT, kind: 'postgres', source: 'app' };
const MANY = Array.from({ length: 250 }, (_, at) => ({
  ...entryOf(`home/zz${at + 1000}`),
  bytes: Buffer.from(`${at}`),
}));

async function copy(from: Opened, to: Opened, snapshot: Snapshot): Promise<CopyResult | undefined> {
  await using copying = (await to.engine.copyFrom!(from.engine, { ...HOW, warn: () => {} }))!;
  return await copying.copy(snapshot, {});
}

const bytesOf = ({ store }: Opened, key: string) => store.read(key, undefined, HOW);

describe('a copy of an archive', () => {
  test('is the same files, the list of contents and the metadata among them', async () => {
    const [from, to] = [await openTestArchive(), await openTestArchive({ raw: { checksum: 'sha512' } })];
    const held = sampleOf(MANY);
    const { snapshot } = await backUp(from.engine, held, { how: AT });
    const result = await copy(from, to, snapshot);
    assert.deepEqual(result?.snapshot, snapshot);
    const keys = (await from.keys('files')).filter((key) => key.startsWith('files/'));
    assert.equal(keys.length, 3);
    for (const key of keys) assert.deepEqual(await bytesOf(to, key), await bytesOf(from, key), key);
    assert.deepEqual((await to.keys()).sort(), ['archive.json', ...keys].sort());
    assert.deepEqual(await problemsOf(to.engine), []);
    await assertRestores(to.engine, result!.snapshot, held);
    assert.deepEqual(await copy(from, to, snapshot), {
      ...{ snapshot, already: true, readBytes: 0, storedBytes: 0, files: [] },
    });
  });

  test('has another name where that is taken, and is whole all the same', async () => {
    const [from, to] = [await openTestArchive(), await openTestArchive()];
    await backUp(to.engine, sampleOf(), { how: { ...AT, source: 'other' } });
    const held = sampleOf(MANY);
    const { snapshot } = await backUp(from.engine, held, { how: AT });
    const result = await copy(from, to, snapshot);
    assert.equal(result?.snapshot.id, `${snapshot.id}-2`);
    const sidecar = await to.sidecar(`${snapshot.id}-2`);
    assert.deepEqual(
      [sidecar.backup_id, ...sidecar.files_included, sidecar.file_list?.name],
      [
        ...[`${snapshot.id}-2`, `${snapshot.id}-2.tar.gz`, `${snapshot.id}-2_files.jsonl.gz`],
        `${snapshot.id}-2_files.jsonl.gz`,
      ],
    );
    assert.deepEqual(await problemsOf(to.engine), []);
    await assertRestores(to.engine, result!.snapshot, held);
  });

  test('needs no secret key where both are encrypted to the same, and is none where they are not', async () => {
    const [mine, other] = await Promise.all(
      [1, 2].map(async () => await identityToRecipient(await generateIdentity())),
    );
    const raw = (age: string | undefined) => ({ raw: { encryption: { age: [age] } } });
    const [from, same] = [await openTestArchive(raw(mine)), await openTestArchive(raw(mine))];
    const { snapshot } = await backUp(from.engine, dumpOf('app.sql', DUMP), { how: DATABASE });
    assert.equal((await copy(from, same, snapshot))?.snapshot.id, snapshot.id);
    for (const options of [raw(other), {}, { raw: { compression: 'zstd' } }]) {
      assert.equal(await copy(from, await openTestArchive(options), snapshot), undefined);
    }
  });

  test('of a file that is not what was stored is none', async () => {
    const [from, to] = [await openTestArchive(), await openTestArchive()];
    const { snapshot } = await backUp(from.engine, dumpOf('app.sql', DUMP), { how: DATABASE });
    const key = `database/${snapshot.id}.sql.gz`;
    const bytes = await bytesOf(from, key);
    bytes[20]! ^= 1;
    await from.store.put(key, bytes, HOW);
    await assert.rejects(copy(from, to, snapshot), (error) => {
      assert.ok(hasCode(error, 'repository.damaged'));
      assert.match(error.message, /its checksum is another one/);
      return true;
    });
    assert.deepEqual(await to.keys(), ['archive.json']);
  });

  test('goes on from what a killed one left, and sends no whole file again', async () => {
    const [from, inner] = [await openTestArchive(), openMemoryStore()];
    const { snapshot } = await backUp(from.engine, dumpOf('app.sql', DUMP), { how: DATABASE });
    const sent: string[] = [];
    const store: Store = {
      ...inner,
      async put(key, body, how) {
        sent.push(key);
        await inner.put(key, body, how);
      },
    };
    const to = await openTestArchive({ store });
    const key = `database/${snapshot.id}.sql.gz`;
    const { pid } = spawnSync('true');
    const note = (processId: number) => Buffer.from(JSON.stringify({ host: 'here', process: processId }));
    await store.put(`.reserved/${snapshot.id}`, note(pid), HOW);
    await store.put(key, await bytesOf(from, key), HOW);
    sent.length = 0;
    assert.equal((await copy(from, to, snapshot))?.snapshot.id, snapshot.id);
    assert.deepEqual(sent, [`.reserved/${snapshot.id}`, `database/${snapshot.id}_metadata.json`]);
    assert.deepEqual(await problemsOf(to.engine), []);
    // Of one that is at work, nothing is taken over; and half a file is sent anew.
    const busy = await openTestArchive();
    await busy.store.put(`.reserved/${snapshot.id}`, note(process.ppid), HOW);
    assert.equal((await copy(from, busy, snapshot))?.snapshot.id, `${snapshot.id}-2`);
    const half = await openTestArchive();
    await half.store.put(`.reserved/${snapshot.id}`, note(pid), HOW);
    await half.store.put(key, (await bytesOf(from, key)).slice(0, 20), HOW);
    assert.equal((await copy(from, half, snapshot))?.snapshot.id, snapshot.id);
    assert.deepEqual(await problemsOf(half.engine), []);
  });
});
