import { hash } from 'node:crypto';
import { loadNative } from './native.ts';

const native = loadNative();

/** SHA-256 of `data`: 32 bytes. */
export function sha256(data: Uint8Array): Buffer {
  const digest = Buffer.allocUnsafe(32);
  sha256Into(digest, data);
  return digest;
}

/** SHA-256 of `data` into the 32 bytes of `target`. */
export function sha256Into(target: Uint8Array, data: Uint8Array): void {
  if (native === undefined) target.set(hash('sha256', data, 'buffer'));
  else native.sha256(data, data.length, target);
}

/** SHA-256 of `data` as 64 hex digits. */
export function sha256Hex(data: Uint8Array): string {
  return sha256(data).toString('hex');
}
