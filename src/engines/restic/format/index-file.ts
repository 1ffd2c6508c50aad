/**
 * Index files: which blobs stand where in which packs. They may be large (restic limits them to 50,000 blobs, about 8 MB of JSON), and a
 * repository has many, so the blobs are read straight from the bytes: no value is made for any of them.
 */
import { type BlobType, DATA, TREE } from '../blob-table.ts';
import { SEAL_OVERHEAD } from '../seal.ts';
import { damaged } from './damaged.ts';
import { ID_BYTES, idText, isId } from './id.ts';
import { accept, BYTE, type JsonCursor, peek, skipValue, takeValue } from './json-cursor.ts';
import type { PackEntry } from './pack.ts';

/** restic begins a new index file at this number of blobs. */
export const MAX_INDEX_BLOBS = 50_000;

export interface IndexedPack {
  readonly id: Uint8Array;
  readonly blobs: Iterable<PackEntry>;
}

/** The JSON of an index file. */
export function encodeIndex(packs: Iterable<IndexedPack>): Uint8Array {
  const texts: string[] = [];
  for (const { id, blobs } of packs) {
    texts.push(`{"id":"${idText(id)}","blobs":[${Array.from(blobs, encodeBlob).join(',')}]}`);
  }
  return Buffer.from(`{"packs":[${texts.join(',')}]}\n`, 'latin1');
}

function encodeBlob({ id, type, offset, length, rawLength }: PackEntry): string {
  const text = `{"id":"${idText(id)}","type":"${type === TREE ? 'tree' : 'data'}","offset":${offset},"length":${length}`;
  return rawLength === 0 ? `${text}}` : `${text},"uncompressed_length":${rawLength}}`;
}

/** Is told what an index file says. The id is overwritten after each call. */
export interface IndexVisitor {
  pack(id: Uint8Array): void;
  /** A blob of the pack told last. */
  blob(id: Uint8Array, type: BlobType, offset: number, length: number, rawLength: number): void;
}

/** Reads an index file's JSON. Throws when it is damaged; what was told before then is to be thrown away. */
export function parseIndex(json: Uint8Array, key: string, visitor: IndexVisitor): void {
  const cursor: JsonCursor = { bytes: json, at: 0 };
  const reader: Reader = { cursor, key, visitor, id: new Uint8Array(ID_BYTES), type: DATA, number: 0 };
  let found = false;
  eachField(reader, (name) => {
    if (name !== 'packs') return false;
    found = true;
    eachElement(reader, () => readPack(reader));
    return true;
  });
  if (!found) throw damaged(key, 'it has no list of packs');
  if (peek(cursor) !== -1) throw damaged(key, 'something follows its end');
}

interface Reader {
  readonly cursor: JsonCursor;
  readonly key: string;
  readonly visitor: IndexVisitor;
  readonly id: Uint8Array;
  type: BlobType;
  number: number;
}

/** Calls `read` at the value of each field of an object; a value it does not want (false) is passed. */
function eachField(reader: Reader, read: (name: string) => boolean): void {
  const { cursor, key } = reader;
  if (!accept(cursor, BYTE.openObject)) throw damaged(key, 'an object is missing');
  for (let first = true; !accept(cursor, BYTE.closeObject); first = false) {
    if (!first && !accept(cursor, BYTE.comma)) throw damaged(key, 'it ends too early');
    const name = takeValue(cursor);
    if (name === undefined || !accept(cursor, BYTE.colon)) throw damaged(key, 'it is not JSON');
    if (!read(name.slice(1, -1)) && !skipValue(cursor)) throw damaged(key, 'it ends too early');
  }
}

/** Calls `read` at each element of a list, or of null. */
function eachElement(reader: Reader, read: () => void): void {
  const { cursor, key } = reader;
  if (!accept(cursor, BYTE.openList)) {
    if (takeValue(cursor) === 'null') return;
    throw damaged(key, 'a list is missing');
  }
  if (accept(cursor, BYTE.closeList)) return;
  do read();
  while (accept(cursor, BYTE.comma));
  if (!accept(cursor, BYTE.closeList)) throw damaged(key, 'it ends too early');
}

function readPack(reader: Reader): void {
  const { cursor, key, visitor } = reader;
  let known = false;
  let blobsAt = -1;
  eachField(reader, (name) => {
    if (name === 'id') {
      readId(reader);
      visitor.pack(reader.id);
      known = true;
      return true;
    }
    if (name !== 'blobs') return false;
    peek(cursor);
    blobsAt = cursor.at;
    if (!known) return false;
    eachElement(reader, () => readBlob(reader));
    blobsAt = -1;
    return true;
  });
  if (!known) throw damaged(key, 'a pack in it has no id');
  if (blobsAt < 0) return;
  const end = cursor.at;
  cursor.at = blobsAt;
  eachElement(reader, () => readBlob(reader));
  cursor.at = end;
}

function readId(reader: Reader): void {
  const text = takeValue(reader.cursor)?.slice(1, -1);
  if (!isId(text)) throw damaged(reader.key, 'a pack in it has no valid id');
  reader.id.set(Buffer.from(text, 'hex'));
}

function readBlob(reader: Reader): void {
  const { cursor } = reader;
  const from = cursor.at;
  if (readBlobAsWritten(reader)) return;
  cursor.at = from;
  readBlobInAnyForm(reader);
}

function tell(reader: Reader, offset: number, length: number, rawLength: number): void {
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
function readBlobAsWritten(reader: Reader): boolean {
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

function hexId({ cursor, id }: Reader): boolean {
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

function digits(reader: Reader): boolean {
  const { bytes } = reader.cursor;
  const from = reader.cursor.at;
  let at = from;
  let value = 0;
  for (let digit = bytes[at]! - 48; digit >= 0 && digit <= 9; digit = bytes[++at]! - 48) value = value * 10 + digit;
  reader.number = value;
  reader.cursor.at = at;
  return at > from && at - from <= 10;
}

function readBlobInAnyForm(reader: Reader): void {
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
