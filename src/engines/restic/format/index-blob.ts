/** One blob in an index file, read from the bytes: an index has so many that making a value of each would take most of the time. */
import { type BlobType, DATA, TREE } from '../blob-table.ts';
import { SEAL_OVERHEAD } from '../seal.ts';
import { damaged } from './damaged.ts';
import { ID_BYTES, isId } from './id.ts';
import { BYTE, type JsonCursor, takeValue } from './json-cursor.ts';

/** Is told what an index file says. The id is overwritten after each call. */
export interface IndexVisitor {
  pack(id: Uint8Array): void;
  /** A blob of the pack told last. */
  blob(id: Uint8Array, type: BlobType, offset: number, length: number, rawLength: number): void;
}

export interface IndexReader {
  readonly cursor: JsonCursor;
  readonly key: string;
  readonly visitor: IndexVisitor;
  readonly id: Uint8Array;
  type: BlobType;
  number: number;
}

/** Reads the blob at the cursor and tells the visitor of it. */
export function readBlob(reader: IndexReader): void {
  const { cursor } = reader;
  const from = cursor.at;
  if (readBlobAsWritten(reader)) return;
  cursor.at = from;
  readBlobInAnyForm(reader);
}

function tell(reader: IndexReader, offset: number, length: number, rawLength: number): void {
  if (length < SEAL_OVERHEAD || offset + length > 0xffff_ffff || rawLength > 0xffff_ffff) {
    throw damaged(reader.key, 'a blob in it has an impossible place');
  }
  reader.visitor.blob(reader.id, reader.type, offset, length, rawLength);
}

const OPEN = bytesOf('{"id":"');
const DATA_TYPE = bytesOf('","type":"data","offset":');
const TREE_TYPE = bytesOf('","type":"tree","offset":');
const LENGTH = bytesOf(',"length":');
const RAW_LENGTH = bytesOf(',"uncompressed_length":');

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** The form that restic and Surety write, and the only one met in practice. False when it is another one. */
function readBlobAsWritten(reader: IndexReader): boolean {
  const { cursor } = reader;
  if (!literal(cursor, OPEN) || !hexId(reader)) return false;
  if (literal(cursor, DATA_TYPE)) reader.type = DATA;
  else if (literal(cursor, TREE_TYPE)) reader.type = TREE;
  else return false;
  if (!digits(reader)) return false;
  const offset = reader.number;
  if (!literal(cursor, LENGTH) || !digits(reader)) return false;
  const length = reader.number;
  let rawLength = 0;
  if (literal(cursor, RAW_LENGTH)) {
    if (!digits(reader)) return false;
    rawLength = reader.number;
  }
  if (cursor.bytes[cursor.at] !== BYTE.closeObject) return false;
  cursor.at += 1;
  tell(reader, offset, length, rawLength);
  return true;
}

function literal(cursor: JsonCursor, expected: Uint8Array): boolean {
  const { bytes, at } = cursor;
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  cursor.at = at + expected.length;
  return true;
}

/** Values of hex digits; 255 for all other bytes. */
const HEX = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) HEX[value.toString(16).charCodeAt(0)] = value;

function hexId({ cursor, id }: IndexReader): boolean {
  const { bytes, at } = cursor;
  if (at + 2 * ID_BYTES > bytes.length) return false;
  for (let i = 0; i < ID_BYTES; i++) {
    const high = HEX[bytes[at + 2 * i]!]!;
    const low = HEX[bytes[at + 2 * i + 1]!]!;
    if ((high | low) > 15) return false;
    id[i] = (high << 4) | low;
  }
  cursor.at = at + 2 * ID_BYTES;
  return true;
}

function digits(reader: IndexReader): boolean {
  const { bytes } = reader.cursor;
  const from = reader.cursor.at;
  let at = from;
  let value = 0;
  for (let digit = bytes[at]! - 48; digit >= 0 && digit <= 9; digit = bytes[++at]! - 48) value = value * 10 + digit;
  reader.number = value;
  reader.cursor.at = at;
  return at > from && at - from <= 10;
}

function readBlobInAnyForm(reader: IndexReader): void {
  const { cursor, key } = reader;
  let value: unknown;
  try {
    value = JSON.parse(takeValue(cursor) ?? '');
  } catch (error) {
    throw damaged(key, 'it is not JSON', error);
  }
  if (typeof value !== 'object' || value === null) throw damaged(key, 'a blob in it is not an object');
  const { id, type, offset = 0, length, uncompressed_length: rawLength = 0 } = value as Record<string, unknown>;
  if (!isId(id) || (type !== 'data' && type !== 'tree')) throw damaged(key, 'a blob in it has no valid id or type');
  if (!isCount(offset) || !isCount(length) || !isCount(rawLength))
    throw damaged(key, 'a blob in it has no valid place');
  reader.id.set(Buffer.from(id, 'hex'));
  reader.type = type === 'tree' ? TREE : DATA;
  tell(reader, offset, length, rawLength);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
