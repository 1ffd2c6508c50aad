/**
 * Index files: which blobs stand where in which packs. They may be large (restic limits them to 50,000 blobs, about 8 MB of JSON), and a
 * repository has many, so the blobs are read straight from the bytes: no value is made for any of them.
 */
import { DATA, TREE } from '../blob-table.ts';
import { damaged } from './damaged.ts';
import { ID_BYTES, idText, isId } from './id.ts';
import { type IndexReader, type IndexVisitor, readBlob } from './index-blob.ts';
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

/** Reads an index file's JSON. Throws when it is damaged; what was told before then is to be thrown away. */
export function parseIndex(json: Uint8Array, key: string, visitor: IndexVisitor): void {
  const cursor: JsonCursor = { bytes: json, at: 0 };
  const reader: IndexReader = { cursor, key, visitor, id: new Uint8Array(ID_BYTES), type: DATA, number: 0 };
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

/** Calls `read` at the value of each field of an object; a value it does not want (false) is passed. */
function eachField(reader: IndexReader, read: (name: string) => boolean): void {
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
function eachElement(reader: IndexReader, read: () => void): void {
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

function readPack(reader: IndexReader): void {
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

function readId(reader: IndexReader): void {
  const text = takeValue(reader.cursor)?.slice(1, -1);
  if (!isId(text)) throw damaged(reader.key, 'a pack in it has no valid id');
  reader.id.set(Buffer.from(text, 'hex'));
}
