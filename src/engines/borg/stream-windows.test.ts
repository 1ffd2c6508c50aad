import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../../base/errors.ts';
import { collectBytes } from '../../base/streams.ts';
import type { RestoredEntry } from '../../sources/source.ts';
import type { Cursor } from './cursor.ts';
import type { ContentHandle } from './held-entry.ts';
import { streamWindows } from './stream-windows.ts';

const how = { signal: new AbortController().signal };
const MIB = 1 << 20;

/** Files as they are asked for; where each is in the archive is their ordinal. */
function archive(files: readonly { readonly ordinal: number; readonly sizeBytes?: number; readonly bad?: true }[]) {
  const handles = files.map(({ ordinal, sizeBytes = 1 }): ContentHandle => {
    return { path: `${ordinal}`, ordinal, sizeBytes, offset: 0, isBroken: false };
  });
  const bad = new Set(files.flatMap(({ ordinal, bad: isBad }) => (isBad ? [ordinal] : [])));
  const passes: number[][] = [];
  const open = (): Cursor => {
    const pass: number[] = [];
    passes.push(pass);
    return {
      async *content({ ordinal, sizeBytes }, _how, together = []) {
        assert.ok(ordinal > (pass.at(-1) ?? -1), 'a pass goes forwards');
        assert.ok(together.some((one) => one.ordinal === ordinal));
        pass.push(ordinal);
        if (bad.has(ordinal)) throw new SuretyError('repository.damaged', `${ordinal} is damaged`);
        yield new Uint8Array(sizeBytes).fill(ordinal);
      },
      async [Symbol.asyncDispose]() {},
    };
  };
  async function* coming(): AsyncGenerator<ContentHandle> {
    yield* handles;
  }
  const { stream } = streamWindows({ open, coming, noFile: (path) => new Error(path) });
  const read = (at: number) =>
    collectBytes(stream({ path: 'x', handle: handles[at] } as unknown as RestoredEntry, how));
  return { read, passes };
}

test('small files that are asked for in another order than they are stored come in one pass', async () => {
  const { read, passes } = archive([7, 3, 9, 3, 1].map((ordinal) => ({ ordinal })));
  const all = await Promise.all([0, 1, 2, 3, 4].map(read));
  assert.deepEqual(
    all.map((bytes) => bytes[0]),
    [7, 3, 9, 3, 1],
  );
  assert.deepEqual(passes, [[1, 3, 7, 9]]);
});

test('what is passed over is not read once a file behind it was asked for, and what is asked for again is had again', async () => {
  const { read, passes } = archive([5, 2, 8, 1].map((ordinal) => ({ ordinal })));
  assert.equal((await read(2))[0], 8);
  assert.deepEqual(passes, [[1, 8]]);
  assert.equal((await read(0))[0], 5);
  assert.deepEqual(passes.at(-1), [5]);
});

test('only so much is held at a time, and a large file has a pass of its own', async () => {
  const files = Array.from({ length: 12 }, (_, at) => ({ ordinal: 20 - at, sizeBytes: at === 4 ? 5 * MIB : 4 * MIB }));
  const { read, passes } = archive(files);
  for (const [at, { sizeBytes }] of files.entries()) assert.equal((await read(at)).length, sizeBytes);
  assert.deepEqual(
    passes.map(({ length }) => length),
    [8, 1, 3],
  );
});

test('a damaged file fails who asks for it, and no other', async () => {
  const { read } = archive([{ ordinal: 2 }, { ordinal: 4, bad: true }, { ordinal: 1 }]);
  assert.equal((await read(0))[0], 2);
  await assert.rejects(read(1), { code: 'repository.damaged', message: '4 is damaged' });
  assert.equal((await read(2))[0], 1);
});
