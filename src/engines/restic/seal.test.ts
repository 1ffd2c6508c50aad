import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadNative } from './native.ts';
import { createSealer, type MasterKey, SEAL_OVERHEAD } from './seal.ts';

const KEY: MasterKey = {
  encrypt: Buffer.from('303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef', 'hex'),
  macK: Buffer.from('ef4d8824cb80b2bcc5fbff8a9b12a42c', 'hex'),
  macR: Buffer.from('cc8d4b948ee0ebfe1d415de921d10353', 'hex'),
};
const native = createSealer(KEY);
const portable = createSealer(KEY, { native: false });

describe('sealing', () => {
  it('uses the functions inside Node on this machine', () => {
    assert.notEqual(loadNative(), undefined);
  });

  it('is undone by opening, and the native and the portable way read each other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (plain) => {
        for (const [one, other] of [
          [native, portable],
          [portable, native],
        ] as const) {
          const sealed = one.seal(plain);
          assert.equal(sealed.length, plain.length + SEAL_OVERHEAD);
          assert.deepEqual(Buffer.from(other.open(sealed)!), Buffer.from(plain));
          assert.deepEqual(Buffer.from(one.openInPlace(sealed)!), Buffer.from(plain));
        }
      }),
    );
  });

  it('refuses bytes of which any bit is flipped, and bytes that are too short', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (plain, where) => {
        const sealed = native.seal(plain);
        const bit = where % (sealed.length * 8);
        sealed[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(native.open(sealed), undefined);
        assert.equal(portable.open(sealed), undefined);
      }),
    );
    assert.equal(native.open(new Uint8Array(SEAL_OVERHEAD - 1)), undefined);
  });

  it('never uses an IV twice', () => {
    const ivs = Array.from({ length: 2000 }, () =>
      Buffer.from(native.seal(new Uint8Array(1)).slice(0, 16)).toString('hex'),
    );
    assert.equal(new Set(ivs).size, ivs.length);
  });
});
