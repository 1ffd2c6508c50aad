/** From a password to the key that a key file is sealed with: scrypt, on another thread. */
import { scrypt } from 'node:crypto';
import { type ScryptCost, scryptBytes } from './format/key.ts';
import type { MasterKey } from './seal.ts';

/** The key that a password stands for: 32 bytes for AES-256, then 16 and 16 for the authenticator. */
export function deriveKey(password: string, salt: Uint8Array, { N, r, p }: ScryptCost): Promise<MasterKey> {
  const maxmem = scryptBytes({ N, r, p }) + (1 << 20);
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 64, { N, r, p, maxmem }, (error, bytes) => {
      if (error !== null) reject(error);
      else resolve({ encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48) });
    });
  });
}
