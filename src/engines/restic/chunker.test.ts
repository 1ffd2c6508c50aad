import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createChunker, FILE_CHUNKS, gearTable, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, streamChunks } from './chunker.ts';

const MIB = 2 ** 20;
const GEAR = gearTable(Buffer.alloc(32, 1));
const chunker = createChunker(GEAR, 24 * MIB);

/** Bytes that look random and are the same for the same seed. */
function noise(seed: number, sizeBytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

function chunksOf(data: Uint8Array): Uint8Array[] {
  chunker.buffer.set(data);
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < data.length; ) {
    const to = chunker.cut(from, data.length);
    chunks.push(chunker.buffer.slice(from, to));
    from = to;
  }
  return chunks;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The gear hash as its definition says, one byte after another. */
function cutByDefinition(data: Uint8Array, from: number, to: number, normalBytes = MIB): number {
  const end = from + Math.min(to - from, normalBytes * 8);
  if (to - from <= normalBytes / 2) return to;
  const normal = Math.min(end, from + normalBytes);
  const zeros = Math.log2(normalBytes);
  let hash = 0;
  for (let at = from + normalBytes / 2; at < end; at++) {
    if (at === normal) hash = 0;
    hash = ((hash << 1) + GEAR[data[at]!]!) | 0;
    const wanted = at < normal ? zeros + 2 : zeros - 2;
    if (hash >>> (32 - wanted) === 0) return at + 1;
  }
  return end;
}

describe('the chunker', () => {
  it('cuts where the gear hash says, as computed byte by byte', () => {
    const data = noise(1, 12 * MIB);
    chunker.buffer.set(data);
    for (let from = 0; from < data.length; ) {
      const cut = chunker.cut(from, data.length);
      assert.equal(cut, cutByDefinition(data, from, data.length));
      from = cut;
    }
  });

  it('cuts streams into smaller chunks, which grow with the place in the stream', () => {
    const data = noise(3, 4 * MIB);
    chunker.buffer.set(data);
    for (const [offset, normalBytes] of [
      [0, MIB / 16],
      [4 * 1024 * MIB - 1, MIB / 16],
      [4 * 1024 * MIB, MIB / 4],
      [64 * 1024 * MIB, MIB],
    ] as const) {
      const shape = streamChunks(offset);
      for (let from = 0; from < data.length; ) {
        const cut = chunker.cut(from, data.length, shape);
        assert.equal(cut, cutByDefinition(data, from, data.length, normalBytes));
        from = cut;
      }
    }
    assert.equal(streamChunks(1e15), FILE_CHUNKS);
  });

  it('gives chunks of 512 KiB to 8 MiB, about 1.2 MiB on average', () => {
    const sizes = chunksOf(noise(2, 24 * MIB)).map(({ length }) => length);
    assert.ok(sizes.slice(0, -1).every((size) => size >= MIN_CHUNK_BYTES && size <= MAX_CHUNK_BYTES));
    assert.ok(sizes.length >= 15 && sizes.length <= 28, `${sizes.length} chunks`);
  });

  it('cuts long runs of one byte at the largest size', () => {
    assert.deepEqual(
      chunksOf(Buffer.alloc(20 * MIB)).map(({ length }) => length / MIB),
      [8, 8, 4],
    );
  });

  it('finds most chunks again after an insertion anywhere', () => {
    const data = noise(3, 16 * MIB);
    const before = new Set(chunksOf(data).map(digest));
    fc.assert(
      fc.property(fc.nat(data.length), fc.uint8Array({ minLength: 1, maxLength: 500 }), (at, inserted) => {
        const changed = chunksOf(Buffer.concat([data.subarray(0, at), inserted, data.subarray(at)]));
        const fresh = changed.filter((chunk) => !before.has(digest(chunk)));
        assert.ok(fresh.length <= 4, `${fresh.length} of ${changed.length} chunks are new`);
      }),
      { numRuns: 20 },
    );
  });

  it('loses and repeats no byte, whatever the content', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(3 * MIB), fc.nat(3 * MIB), (seed, random, constant) => {
        const data = Buffer.concat([noise(seed, random), Buffer.alloc(constant, seed)]);
        assert.equal(digest(Buffer.concat(chunksOf(data))), digest(data));
      }),
      { numRuns: 15 },
    );
  });

  it('draws its table from the secret', () => {
    assert.deepEqual(gearTable(Buffer.alloc(32, 1)), GEAR);
    assert.notDeepEqual(gearTable(Buffer.alloc(32, 2)), GEAR);
    assert.equal(new Set(GEAR).size, 256);
  });
});
