/**
 * The OpenSSL and zstd that are inside the running Node, called directly.
 *
 * `node:crypto` has no Poly1305 of its own, makes a new cipher object for every blob and returns new buffers; `node:zlib`
 * makes a compression context for every call. The functions behind them are exported by the Node executable for its
 * add-ons, so with koffi a blob is compressed, encrypted and authenticated in place, without an allocation. Where koffi
 * or the symbols are missing, the callers fall back to `node:crypto`, `node:zlib` and `@noble/ciphers`: the same bytes, slower.
 * The self-test keeps a Node whose symbols behave differently from ever being used.
 */
import { createCipheriv, hash } from 'node:crypto';
import { createRequire } from 'node:module';
import { zstdDecompressSync } from 'node:zlib';
import { zstdParameters } from './zstd-parameters.ts';

export interface Native {
  /** SHA-256 of `data` into the 32 bytes of `digest`. */
  sha256(data: Uint8Array, sizeBytes: number, digest: Uint8Array): void;
  /** AES-256-CTR with a key fixed at creation; `target` may be `data` itself. */
  createCtr(key: Uint8Array): (iv: Uint8Array, data: Uint8Array, target: Uint8Array, sizeBytes: number) => void;
  /** One AES-128 block with a key fixed at creation. */
  createBlock(key: Uint8Array): (block: Uint8Array, target: Uint8Array) => void;
  /** Poly1305 of `data` with the 32-byte one-time key. */
  poly1305(key: Uint8Array, data: Uint8Array, sizeBytes: number, tag: Uint8Array): void;
  /** Returns the compressed size, or -1 when it does not fit. */
  compress(target: Uint8Array, data: Uint8Array, sizeBytes: number, level: number): number;
  /** Returns the decompressed size, or -1 when the data is damaged or does not fit. */
  decompress(target: Uint8Array, data: Uint8Array): number;
}

type Foreign = (...args: unknown[]) => unknown;
type Bind = (prototype: string) => Foreign;

let loaded: Native | undefined;
let tried = false;

/** The native functions, or undefined where they can not be had. */
export function loadNative(): Native | undefined {
  if (tried) return loaded;
  tried = true;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi').default;
    const library = koffi.load(null as unknown as string);
    const native = bindAll((prototype) => library.func(prototype) as unknown as Foreign);
    if (passesSelfTest(native)) loaded = native;
  } catch {
    loaded = undefined;
  }
  return loaded;
}

function bindAll(bind: Bind): Native {
  return { ...bindDigest(bind), ...bindCiphers(bind), ...bindMac(bind), ...bindZstd(bind) };
}

function bindDigest(bind: Bind): Pick<Native, 'sha256'> {
  const digest = bind('void *SHA256(const uint8_t *data, size_t size, uint8_t *digest)');
  return {
    sha256: (data, sizeBytes, target) => {
      digest(data, sizeBytes, target);
    },
  };
}

function bindCiphers(bind: Bind): Pick<Native, 'createCtr' | 'createBlock'> {
  const fetch = bind('void *EVP_CIPHER_fetch(void *context, const char *name, const char *properties)');
  const newContext = bind('void *EVP_CIPHER_CTX_new()');
  const init = bind(
    'int EVP_EncryptInit_ex(void *c, void *cipher, void *engine, const uint8_t *key, const uint8_t *iv)',
  );
  const update = bind('int EVP_EncryptUpdate(void *c, uint8_t *target, int *written, const uint8_t *data, int size)');
  const padding = bind('int EVP_CIPHER_CTX_set_padding(void *c, int padding)');
  const written = new Int32Array(1);
  return {
    createCtr: (key) => {
      const context = newContext();
      expectOne(init(context, fetch(null, 'AES-256-CTR', null), null, key, new Uint8Array(16)));
      return (iv, data, target, sizeBytes) => {
        expectOne(init(context, null, null, null, iv));
        expectOne(update(context, target, written, data, sizeBytes));
      };
    },
    createBlock: (key) => {
      const context = newContext();
      expectOne(init(context, fetch(null, 'AES-128-ECB', null), null, key, null));
      expectOne(padding(context, 0));
      return (block, target) => {
        expectOne(update(context, target, written, block, 16));
      };
    },
  };
}

function bindMac(bind: Bind): Pick<Native, 'poly1305'> {
  const fetch = bind('void *EVP_MAC_fetch(void *context, const char *name, const char *properties)');
  const newContext = bind('void *EVP_MAC_CTX_new(void *mac)');
  const init = bind('int EVP_MAC_init(void *c, const uint8_t *key, size_t size, void *parameters)');
  const update = bind('int EVP_MAC_update(void *c, const uint8_t *data, size_t size)');
  const final = bind('int EVP_MAC_final(void *c, uint8_t *tag, size_t *written, size_t size)');
  const context = newContext(fetch(null, 'POLY1305', null));
  const written = new BigUint64Array(1);
  return {
    poly1305: (key, data, sizeBytes, tag) => {
      expectOne(init(context, key, 32, null));
      expectOne(update(context, data, sizeBytes));
      expectOne(final(context, tag, written, 16));
    },
  };
}

function bindZstd(bind: Bind): Pick<Native, 'compress' | 'decompress'> {
  const compressor = bind('void *ZSTD_createCCtx()')();
  const decompressor = bind('void *ZSTD_createDCtx()')();
  const setParameter = bind('size_t ZSTD_CCtx_setParameter(void *c, int parameter, int value)');
  const compress = bind(
    'size_t ZSTD_compress2(void *c, uint8_t *target, size_t space, const uint8_t *data, size_t size)',
  );
  let current: number | undefined;
  const setLevel = (level: number): void => {
    if (level === current) return;
    for (const [parameter, value] of zstdParameters(level)) setParameter(compressor, parameter, value);
    current = level;
  };
  const decompress = bind(
    'size_t ZSTD_decompressDCtx(void *c, uint8_t *target, size_t space, const uint8_t *data, size_t size)',
  );
  // An error comes back as a size_t near 2^64, which no result that fits the target can be.
  const fitting = (result: unknown, space: number): number => {
    const size = Number(result);
    return size <= space ? size : -1;
  };
  return {
    compress: (target, data, sizeBytes, level) => {
      setLevel(level);
      return fitting(compress(compressor, target, target.length, data, sizeBytes), target.length);
    },
    decompress: (target, data) =>
      fitting(decompress(decompressor, target, target.length, data, data.length), target.length),
  };
}

function expectOne(result: unknown): void {
  if (result !== 1) throw new Error('a call into OpenSSL failed');
}

/** As much as shows that sizes and offsets are passed right; small enough to be checked by each thread that starts. */
const TEST_BYTES = 64 * 1024 + 5;
/** Of the data below under its key: making it anew, in JavaScript that nobody else needs, would take each thread 5 ms. */
const TEST_TAG = 'c5097d196e5bff86b110220b52ae0de3';

/** Known answers (RFC 8439 §2.5.2 for Poly1305, FIPS 197 C.1 for AES-128), and longer data compared with Node's own functions and a tag made by another program. */
function passesSelfTest(native: Native): boolean {
  const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
  const equals = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes).toString('hex') === text;
  const tag = new Uint8Array(16);
  const message = Uint8Array.from(Buffer.from('Cryptographic Forum Research Group'));
  const macKey = hex('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b');
  native.poly1305(macKey, message, message.length, tag);
  const block = new Uint8Array(16);
  native.createBlock(hex('000102030405060708090a0b0c0d0e0f'))(hex('00112233445566778899aabbccddeeff'), block);
  return (
    equals(tag, 'a8061dc1305136c6c22b8baf0c0127a9') &&
    equals(block, '69c4e0d86a7b0430d8cdb78070b4c55a') &&
    agreesWithNode(native)
  );
}

function agreesWithNode(native: Native): boolean {
  const key = new Uint8Array(32).fill(1);
  const iv = new Uint8Array(16).fill(255);
  // Half of it repeats, so that there is something to compress.
  const plain = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(TEST_BYTES));
  plain.copyWithin(TEST_BYTES / 2, 0);
  const digest = new Uint8Array(32);
  native.sha256(plain, plain.length, digest);
  const sealed = Uint8Array.from(plain);
  native.createCtr(key)(iv, sealed, sealed, sealed.length);
  const tag = new Uint8Array(16);
  native.poly1305(key, plain, plain.length, tag);
  return (
    hash('sha256', plain, 'buffer').equals(digest) &&
    createCipheriv('aes-256-ctr', key, iv).update(plain).equals(sealed) &&
    Buffer.from(tag).toString('hex') === TEST_TAG &&
    survivesZstd(native, plain)
  );
}

function survivesZstd(native: Native, plain: Buffer): boolean {
  const packed = new Uint8Array(plain.length);
  const size = native.compress(packed, plain, plain.length, 3);
  const back = new Uint8Array(plain.length);
  return (
    size > 0 &&
    native.decompress(back, packed.subarray(0, size)) === plain.length &&
    plain.equals(back) &&
    plain.equals(zstdDecompressSync(packed.subarray(0, size)))
  );
}
