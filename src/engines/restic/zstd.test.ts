import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { compress, compressBound, compressInto, decompress, decompressInto } from './zstd.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.tuple(fc.nat(255), fc.nat(100_000)).map(([byte, size]) => new Uint8Array(size).fill(byte)),
);

describe('zstd', () => {
  it('is undone by decompression, and reads what node:zlib writes', () => {
    fc.assert(
      fc.property(bytes, fc.constantFrom(1, 3, 9), (plain, level) => {
        const target = new Uint8Array(compressBound(plain.length) + 7);
        const size = compressInto(target, 7, plain, level);
        for (const packed of [compress(plain, level), target.slice(7, 7 + size), zstdCompressSync(plain)]) {
          assert.ok(Buffer.from(decompress(packed)).equals(plain));
          const back = new Uint8Array(plain.length);
          assert.equal(decompressInto(back, packed), true);
          assert.ok(Buffer.from(back).equals(plain));
        }
      }),
    );
  });

  it('refuses content of another length, damage, and what is larger than allowed', () => {
    const packed = compress(Buffer.alloc(1000, 'x'), 3);
    assert.equal(decompressInto(new Uint8Array(999), packed), false);
    assert.equal(decompressInto(new Uint8Array(1001), packed), false);
    assert.equal(decompressInto(new Uint8Array(1000), packed.subarray(0, -1)), false);
    assert.throws(() => decompress(packed, 999));
    assert.throws(() => decompress(Buffer.from('not zstd')));
  });
});
