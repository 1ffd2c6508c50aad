/**
 * restic's encryption: `IV(16) ‖ AES-256-CTR ciphertext ‖ Poly1305-AES tag(16)`; the tag is over the ciphertext, with the
 * one-time key `r ‖ AES-128_k(IV)`. Formats: restic, doc/design.rst "Keys, Encryption and MAC"; D. J. Bernstein,
 * "The Poly1305-AES message-authentication code".
 */
import { createCipheriv, timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { randomBytes } from '../../base/ids.ts';
import { loadNative } from './native.ts';

export interface MasterKey {
  /** AES-256 key: 32 bytes. */
  readonly encrypt: Uint8Array;
  /** AES-128 key of the authenticator: 16 bytes. */
  readonly macK: Uint8Array;
  /** Poly1305 key `r`: 16 bytes. */
  readonly macR: Uint8Array;
}

const IV_BYTES = 16;
const TAG_BYTES = 16;
/** How much longer sealed bytes are than plain ones. */
export const SEAL_OVERHEAD = IV_BYTES + TAG_BYTES;
/** Where the ciphertext begins in sealed bytes. */
export const SEAL_PREFIX = IV_BYTES;

export interface Sealer {
  /**
   * Encrypts in place: the plaintext stands at `at + SEAL_PREFIX` in `target` and is `sizeBytes` long. Returns the
   * sealed length, which begins at `at`.
   */
  sealInPlace(target: Uint8Array, at: number, sizeBytes: number): number;
  /** Encrypts `plain` to `target` from `at` on. Returns the bytes written. */
  sealInto(target: Uint8Array, at: number, plain: Uint8Array): number;
  seal(plain: Uint8Array): Uint8Array;
  /** The plaintext in a new array, or undefined when the bytes are not authentic. */
  open(sealed: Uint8Array): Uint8Array | undefined;
  /** Decrypts in place and returns the plaintext's part of `sealed`, or undefined when it is not authentic. */
  openInPlace(sealed: Uint8Array): Uint8Array | undefined;
}

type Noble = typeof import('@noble/ciphers/_poly1305.js');

interface Primitives {
  ctr(iv: Uint8Array, data: Uint8Array, target: Uint8Array): void;
  /** Writes the tag of `data` under the nonce `iv` to `tag`. */
  mac(iv: Uint8Array, data: Uint8Array, tag: Uint8Array): void;
}

/** A sealer for one key. `native: false` takes the portable implementation (used by tests). */
export function createSealer(key: MasterKey, options: { readonly native?: boolean } = {}): Sealer {
  const primitives = (options.native === false ? undefined : nativePrimitives(key)) ?? portablePrimitives(key);
  return sealerOf(primitives);
}

function sealerOf({ ctr, mac }: Primitives): Sealer {
  const randomIv = createIvSource();
  const expected = Buffer.alloc(TAG_BYTES);

  function sealInPlace(target: Uint8Array, at: number, sizeBytes: number): number {
    return sealInto(target, at, target.subarray(at + IV_BYTES, at + IV_BYTES + sizeBytes));
  }

  function sealInto(target: Uint8Array, at: number, plain: Uint8Array): number {
    const iv = target.subarray(at, at + IV_BYTES);
    randomIv(iv);
    const end = at + IV_BYTES + plain.length;
    const body = target.subarray(at + IV_BYTES, end);
    ctr(iv, plain, body);
    mac(iv, body, target.subarray(end, end + TAG_BYTES));
    return plain.length + SEAL_OVERHEAD;
  }

  function bodyOf(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < SEAL_OVERHEAD) return undefined;
    const body = sealed.subarray(IV_BYTES, sealed.length - TAG_BYTES);
    mac(sealed.subarray(0, IV_BYTES), body, expected);
    return timingSafeEqual(expected, sealed.subarray(sealed.length - TAG_BYTES)) ? body : undefined;
  }

  return {
    sealInPlace,
    sealInto,
    seal: (plain) => {
      const sealed = new Uint8Array(plain.length + SEAL_OVERHEAD);
      sealInto(sealed, 0, plain);
      return sealed;
    },
    open: (sealed) => {
      const body = bodyOf(sealed);
      if (body === undefined) return undefined;
      const plain = new Uint8Array(body.length);
      ctr(sealed.subarray(0, IV_BYTES), body, plain);
      return plain;
    },
    openInPlace: (sealed) => {
      const body = bodyOf(sealed);
      if (body !== undefined) ctr(sealed.subarray(0, IV_BYTES), body, body);
      return body;
    },
  };
}

function nativePrimitives(key: MasterKey): Primitives | undefined {
  const native = loadNative();
  if (native === undefined) return undefined;
  const ctr = native.createCtr(key.encrypt);
  const block = native.createBlock(key.macK);
  const oneTimeKey = new Uint8Array(32);
  oneTimeKey.set(key.macR);
  const nonce = oneTimeKey.subarray(16);
  return {
    ctr: (iv, data, target) => ctr(iv, data, target, data.length),
    mac: (iv, data, tag) => {
      block(iv, nonce);
      native.poly1305(oneTimeKey, data, data.length, tag);
    },
  };
}

function portablePrimitives(key: MasterKey): Primitives {
  // Loaded only where the native functions are missing: each thread would wait for it.
  const { poly1305 } = createRequire(import.meta.url)('@noble/ciphers/_poly1305.js') as Noble;
  const oneTimeKey = new Uint8Array(32);
  oneTimeKey.set(key.macR);
  return {
    ctr: (iv, data, target) => {
      target.set(createCipheriv('aes-256-ctr', key.encrypt, iv).update(data));
    },
    mac: (iv, data, tag) => {
      oneTimeKey.set(createCipheriv('aes-128-ecb', key.macK, null).setAutoPadding(false).update(iv), 16);
      tag.set(poly1305(data, oneTimeKey));
    },
  };
}

/** Random IVs are drawn from the system 4 KiB at a time: one call for 256 blobs. */
function createIvSource(): (target: Uint8Array) => void {
  let pool = randomBytes(4096);
  let used = 0;
  return (target) => {
    if (used === pool.length) {
      pool = randomBytes(4096);
      used = 0;
    }
    target.set(pool.subarray(used, used + IV_BYTES));
    used += IV_BYTES;
  };
}
