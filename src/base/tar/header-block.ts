/**
 * One 512-byte header block (POSIX.1-1988 ustar). Where each field is: offset and length in bytes. Numbers are octal text; one that does
 * not fit is binary with the highest bit set, as GNU tar and star write it.
 */
import { SuretyError } from '../errors.ts';
import { BLOCK_BYTES } from './tar-entry.ts';

type Field = readonly [offset: number, length: number];

export const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  user: [265, 32],
  group: [297, 32],
  devMajor: [329, 8],
  devMinor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<string, Field>;

export type NumberField = 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'devMajor' | 'devMinor';
export type TextField = 'name' | 'linkName' | 'user' | 'group' | 'prefix' | 'magic';

const USTAR = Buffer.from('ustar\x0000', 'latin1');

/** An empty block of type `type`; fields are written into it, then it is sealed. */
export function newBlock(type: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(type, FIELDS.type[0], 'latin1');
  USTAR.copy(block, FIELDS.magic[0]);
  return block;
}

/** Whether {@link writeNumber} writes it in octal, as every reader knows. */
export function fitsOctal(field: NumberField, value: number): boolean {
  return value >= 0 && value < 8 ** (FIELDS[field][1] - 1);
}

export function writeNumber(block: Buffer, field: NumberField, value: number): void {
  const [offset, length] = FIELDS[field];
  if (fitsOctal(field, value)) {
    block.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1');
    return;
  }
  let rest = BigInt.asUintN(length * 8, BigInt(value));
  for (let at = offset + length - 1; at >= offset; at--) {
    block[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[offset]! |= 0x80;
}

/** Writes as many of the bytes as the field holds. */
export function writeText(block: Buffer, field: TextField, bytes: Uint8Array): void {
  const [offset, length] = FIELDS[field];
  block.set(bytes.subarray(0, length), offset);
}

/** Writes the checksum: the block is complete. */
export function seal(block: Buffer): Buffer {
  const text = sumOf(block).toString(8).padStart(6, '0');
  block.write(`${text}\0 `, FIELDS.checksum[0], 'latin1');
  return block;
}

/** Whether the checksum fits. Some old writers summed signed bytes. */
export function isSealed(block: Uint8Array): boolean {
  const [offset, length] = FIELDS.checksum;
  const text = Buffer.from(block.buffer, block.byteOffset + offset, length).toString('latin1');
  const recorded = Number.parseInt(text.replace(/[\0 ]+/g, ' ').trim(), 8);
  return recorded === sumOf(block) || recorded === signedSumOf(block);
}

function sumOf(block: Uint8Array): number {
  const [offset, length] = FIELDS.checksum;
  let sum = length * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at++) if (at < offset || at >= offset + length) sum += block[at]!;
  return sum;
}

function signedSumOf(block: Uint8Array): number {
  const [offset, length] = FIELDS.checksum;
  let sum = length * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    if (at < offset || at >= offset + length) sum += (block[at]! << 24) >> 24;
  }
  return sum;
}

export function readNumber(block: Buffer, field: NumberField): number {
  const [offset, length] = FIELDS[field];
  if ((block[offset]! & 0x80) !== 0) return readBinary(block, offset, length);
  const text = block
    .toString('latin1', offset, offset + length)
    .replace(/\0.*$/s, '')
    .trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw damagedTar(`a header has no number where its ${field} is`);
  return Number.parseInt(text, 8);
}

function readBinary(block: Buffer, offset: number, length: number): number {
  let value = 0n;
  for (let at = offset; at < offset + length; at++) value = (value << 8n) | BigInt(block[at]!);
  const bits = length * 8 - 1;
  // The highest bit marks the form; the one below it is the sign.
  const number = Number(BigInt.asIntN(bits, BigInt.asUintN(bits, value)));
  if (!Number.isSafeInteger(number)) throw damagedTar('a header has a number that is too large');
  return number;
}

/** The bytes of a field up to its first zero. */
export function readText(block: Buffer, field: TextField): Buffer {
  const [offset, length] = FIELDS[field];
  const bytes = block.subarray(offset, offset + length);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

export function typeOf(block: Buffer): string {
  return String.fromCharCode(block[FIELDS.type[0]]!);
}

/** `ustar` has a prefix field, GNU's dialect has times in its place, and the oldest has neither. */
export function dialectOf(block: Buffer): 'ustar' | 'gnu' | 'v7' {
  const magic = block.toString('latin1', FIELDS.magic[0], FIELDS.magic[0] + 8);
  if (magic === 'ustar  \0') return 'gnu';
  return magic.startsWith('ustar') ? 'ustar' : 'v7';
}

/** The error for bytes that are no tar archive, or not one any more. */
export function damagedTar(what: string): SuretyError {
  return new SuretyError('tar.damaged', `the tar archive is damaged: ${what}`);
}
