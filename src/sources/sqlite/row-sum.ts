/**
 * The checksum of a set of rows, whatever their order: each row is encoded without ambiguity and hashed with SHA-256, and
 * the hashes are added as 256-bit numbers modulo 2^256. Unlike XOR, the sum notices a row that is there twice.
 *
 * A value is a tag byte and its content: NULL (0); integer (1, 8 bytes); real (2, 8 bytes of the double); text (3, length
 * as 8 bytes, bytes); blob (4, length as 8 bytes, bytes). Numbers are little-endian.
 */
import { createHash, type Hash, hash } from 'node:crypto';

const TAG = { null: 0, integer: 1, real: 2, text: 3, blob: 4 };
const SCRATCH_BYTES = 1 << 16;
/** Each lane grows by less than 2^32 per row, and a double counts exactly to 2^53. */
const ROWS_BEFORE_CARRY = 1 << 20;

/** A value as `node:sqlite` returns it with `readBigInts`. */
export type SqlValue = null | bigint | number | string | Uint8Array;

/** Text as the bytes that the database has, for text that is not valid and so can not be a string. */
export interface TextBytes {
  readonly text: Uint8Array;
}

export interface RowSum {
  readonly rows: number;
  add(row: readonly (SqlValue | TextBytes)[]): void;
  /** 64 hex digits. */
  checksum(): string;
}

export function openRowSum(): RowSum {
  const lanes = new Float64Array(8);
  const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
  let rows = 0;

  function add(row: readonly (SqlValue | TextBytes)[]): void {
    const sizeBytes = encodeSmall(row, scratch);
    const digest = sizeBytes < 0 ? hashLarge(row) : hash('sha256', scratch.subarray(0, sizeBytes), 'buffer');
    for (let lane = 0; lane < 8; lane++) lanes[lane]! += digest.readUInt32LE(lane * 4);
    rows += 1;
    if (rows % ROWS_BEFORE_CARRY === 0) carry(lanes);
  }

  function checksum(): string {
    carry(lanes);
    return [...lanes]
      .reverse()
      .map((lane) => lane.toString(16).padStart(8, '0'))
      .join('');
  }

  return {
    get rows() {
      return rows;
    },
    add,
    checksum,
  };
}

/** Brings every lane below 2^32; what leaves the last lane is lost, which is the modulus. */
function carry(lanes: Float64Array): void {
  let over = 0;
  for (let lane = 0; lane < 8; lane++) {
    const sum = lanes[lane]! + over;
    over = Math.floor(sum / 2 ** 32);
    lanes[lane] = sum - over * 2 ** 32;
  }
}

/** Encodes the row into `into`; returns its length, or -1 when it may not fit. */
function encodeSmall(row: readonly (SqlValue | TextBytes)[], into: Buffer): number {
  let at = 0;
  for (const value of row) {
    if (at + 9 + 3 * lengthOf(value) > into.length) return -1;
    if (value === null) {
      into[at++] = TAG.null;
    } else if (typeof value === 'bigint') {
      into[at] = TAG.integer;
      at = into.writeBigInt64LE(value, at + 1);
    } else if (typeof value === 'number') {
      into[at] = TAG.real;
      at = into.writeDoubleLE(value, at + 1);
    } else if (typeof value === 'string') {
      const written = into.write(value, at + 9, 'utf8');
      at = writeHead(TAG.text, written, into, at) + written;
    } else {
      const [tag, bytes] = bytesOf(value);
      at = writeHead(tag, bytes.length, into, at);
      into.set(bytes, at);
      at += bytes.length;
    }
  }
  return at;
}

function hashLarge(row: readonly (SqlValue | TextBytes)[]): Buffer {
  const hasher = createHash('sha256');
  const head = Buffer.alloc(9);
  for (const value of row) {
    if (value === null || typeof value === 'bigint' || typeof value === 'number') {
      hasher.update(head.subarray(0, encodeSmall([value], head)));
    } else {
      addLarge(typeof value === 'string' ? [TAG.text, Buffer.from(value, 'utf8')] : bytesOf(value), head, hasher);
    }
  }
  return hasher.digest();
}

function addLarge([tag, bytes]: readonly [number, Uint8Array], head: Buffer, hasher: Hash): void {
  writeHead(tag, bytes.length, head, 0);
  hasher.update(head).update(bytes);
}

function writeHead(tag: number, sizeBytes: number, into: Buffer, at: number): number {
  into[at] = tag;
  into.writeUInt32LE(sizeBytes % 2 ** 32, at + 1);
  return into.writeUInt32LE(Math.floor(sizeBytes / 2 ** 32), at + 5);
}

function bytesOf(value: Uint8Array | TextBytes): readonly [number, Uint8Array] {
  return value instanceof Uint8Array ? [TAG.blob, value] : [TAG.text, value.text];
}

function lengthOf(value: SqlValue | TextBytes): number {
  if (value === null || typeof value === 'bigint' || typeof value === 'number') return 0;
  return value instanceof Uint8Array || typeof value === 'string' ? value.length : value.text.length;
}
