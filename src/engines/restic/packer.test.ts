import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type BlobType, DATA, TREE } from './blob-table.ts';
import { decodePackHeader, packHeaderLength } from './format/pack.ts';
import { type FinishedPack, Packer, packBufferBytes } from './packer.ts';
import { createSealer } from './seal.ts';
import { sha256 } from './sha256.ts';
import { decompressInto } from './zstd.ts';

const MIB = 2 ** 20;
const sealer = createSealer({
  encrypt: Buffer.alloc(32, 1),
  macK: Buffer.alloc(16, 2),
  macR: Buffer.alloc(16, 3),
});

function packed(blobs: readonly Uint8Array[], type: BlobType, level: number | undefined): FinishedPack {
  const packer = new Packer({ sealer, type, level, targetBytes: MIB });
  packer.useBuffer(new ArrayBuffer(packBufferBytes(MIB)));
  for (const blob of blobs) packer.add(sha256(blob), blob);
  return packer.finish();
}

/** Reads a pack as any program does: from its end. */
function unpacked(pack: FinishedPack): { type: BlobType; plain: Buffer; id: Buffer }[] {
  const file = new Uint8Array(pack.buffer, 0, pack.sizeBytes);
  const length = packHeaderLength(file.subarray(-4), file.length, 'pack');
  const header = sealer.open(file.subarray(file.length - 4 - length, file.length - 4));
  assert.ok(header);
  assert.deepEqual(Buffer.from(header), Buffer.from(pack.header));
  return decodePackHeader(header, file.length, 'pack').map((entry) => {
    const opened = sealer.open(file.subarray(entry.offset, entry.offset + entry.length))!;
    const plain = entry.rawLength === 0 ? opened : new Uint8Array(entry.rawLength);
    if (entry.rawLength > 0) assert.ok(decompressInto(plain, opened));
    return { type: entry.type, plain: Buffer.from(plain), id: Buffer.from(entry.id) };
  });
}

const compressible = fc
  .tuple(fc.nat(255), fc.integer({ min: 1, max: 3000 }))
  .map(([byte, size]) => Buffer.alloc(size, byte));
const anyBlob = fc.oneof(
  compressible,
  fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
);

describe('packing', () => {
  it('gives back every blob with its type and id, at any level and without compression', () => {
    fc.assert(
      fc.property(
        fc.array(anyBlob, { minLength: 1, maxLength: 40 }),
        fc.constantFrom<BlobType>(DATA, TREE),
        fc.constantFrom(undefined, 1, 3, 19),
        (blobs, type, level) => {
          const pack = packed(blobs, type, level);
          assert.deepEqual(Buffer.from(pack.id), sha256(new Uint8Array(pack.buffer, 0, pack.sizeBytes)));
          assert.equal(pack.blobs, blobs.length);
          assert.equal(
            pack.plainBytes,
            blobs.reduce((sum, { length }) => sum + length, 0),
          );
          const expected = blobs.map((plain) => ({ type, plain, id: sha256(plain) }));
          assert.deepEqual(unpacked(pack), expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('stores a blob that does not get smaller as it is', () => {
    const blob = Buffer.from('ab');
    const pack = packed([blob], DATA, 3);
    assert.equal(pack.header[0], 0);
    assert.deepEqual(unpacked(pack)[0]!.plain, blob);
  });

  it('is full at its target, and makes room for a blob larger than its buffer', () => {
    const packer = new Packer({ sealer, type: TREE, level: 3, targetBytes: MIB });
    packer.useBuffer(new ArrayBuffer(packBufferBytes(MIB)));
    packer.add(
      sha256(Buffer.alloc(0)),
      Buffer.alloc(MIB).map(() => Math.random() * 256),
    );
    assert.equal(packer.isFull, true);
    const huge = Buffer.alloc(40 * MIB, 'tree ');
    assert.equal(packer.hasRoom(huge.length), false);
    packer.finish();
    assert.equal(packer.hasRoom(huge.length), true);
    packer.add(sha256(huge), huge);
    assert.ok(unpacked(packer.finish())[0]!.plain.equals(huge));
  });
});
