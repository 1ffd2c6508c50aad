/**
 * Key files: the repository's master key, sealed with a key that scrypt derives from a password. The file itself is plain JSON, and every
 * password has its own.
 */

import type { MasterKey } from '../seal.ts';
import { damaged } from './damaged.ts';
import { fieldsOf, parseFields } from './fields.ts';
import { goString } from './go-string.ts';
import { formatTime } from './time.ts';

export interface KeyDocument {
  readonly createdNs: bigint;
  readonly user: string;
  readonly host: string;
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
  /** The sealed master key. */
  readonly data: Uint8Array;
}

/** scrypt's parameters N, r and p. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

export const SALT_BYTES = 64;

/** More than this is refused: deriving a key must not need more memory, nor take minutes. */
const MAX_MEMORY_BYTES = 2 ** 30;
const MAX_WORK = 2 ** 27;

/** What scrypt needs in memory. */
export function scryptBytes({ N, r, p }: ScryptCost): number {
  return 128 * r * (N + p + 2);
}

export function encodeKey({ createdNs, user, host, cost, salt, data }: KeyDocument): string {
  const who = `"username":${goString(user)},"hostname":${goString(host)}`;
  const derivation = `"kdf":"scrypt","N":${cost.N},"r":${cost.r},"p":${cost.p}`;
  return `{"created":"${formatTime(createdNs)}",${who},${derivation},"salt":"${base64(salt)}","data":"${base64(data)}"}`;
}

/** Throws for a file that is not a key, and for parameters that no honest writer uses. */
export function decodeKey(json: Uint8Array, key: string): KeyDocument {
  const fields = parseFields(json, key);
  if (fields.text('kdf') !== 'scrypt') throw damaged(key, `its key derivation "${fields.text('kdf')}" is not known`);
  const cost = { N: fields.count('N'), r: fields.count('r'), p: fields.count('p') };
  if (!isSane(cost)) throw damaged(key, `its scrypt parameters N=${cost.N} r=${cost.r} p=${cost.p} are not acceptable`);
  const salt = fields.bytes('salt');
  if (salt.length !== SALT_BYTES) throw damaged(key, `its salt has ${salt.length} bytes instead of ${SALT_BYTES}`);
  return {
    createdNs: fields.time('created'),
    user: fields.text('username'),
    host: fields.text('hostname'),
    cost,
    salt,
    data: fields.bytes('data'),
  };
}

function isSane(cost: ScryptCost): boolean {
  const { N, r, p } = cost;
  const powerOfTwo = N > 1 && Number.isInteger(Math.log2(N));
  return powerOfTwo && r >= 1 && p >= 1 && scryptBytes(cost) <= MAX_MEMORY_BYTES && N * r * p <= MAX_WORK;
}

/** The JSON of a master key, as it is before it is sealed. */
export function encodeMasterKey({ encrypt, macK, macR }: MasterKey): string {
  return `{"mac":{"k":"${base64(macK)}","r":"${base64(macR)}"},"encrypt":"${base64(encrypt)}"}`;
}

export function decodeMasterKey(json: Uint8Array, key: string): MasterKey {
  const fields = parseFields(json, key);
  const mac = fields.optionalFields('mac') ?? fieldsOf(undefined, key);
  const master = { encrypt: fields.bytes('encrypt'), macK: mac.bytes('k'), macR: mac.bytes('r') };
  if (master.encrypt.length !== 32 || master.macK.length !== 16 || master.macR.length !== 16) {
    throw damaged(key, 'the master key in it has a wrong length');
  }
  return master;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
