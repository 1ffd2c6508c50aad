/** Trees: the JSON document `{"nodes":[…]}` and a newline, whose nodes are in byte order of their names. */
import { compareNames, displayName } from '../../../base/names.ts';
import { damaged } from './damaged.ts';
import { accept, BYTE, type JsonCursor, peek, skipValue, takeValue, textBetween } from './json-cursor.ts';
import { decodeNode, type Node } from './node.ts';

const SMALL_TREE_BYTES = 256 * 1024;
/** Nodes of a large tree are parsed in pieces of about this size. */
const PIECE_BYTES = 64 * 1024;
/** JSON numbers lose precision from 2⁵³ on; such inodes and devices are made texts before they are parsed. */
const LARGE_NUMBER = /:\s*\d{16,}/;
const LARGE_FIELDS = /("(?:inode|device_id|device|size|links)":\s*)(\d{16,})/g;

/** The text of a tree from the texts of its nodes, which are in order. */
export function encodeTree(nodes: readonly string[]): string {
  return `{"nodes":[${nodes.join(',')}]}\n`;
}

/**
 * The nodes of a tree, one after another; a large tree is never parsed as a whole. Throws `tree.damaged` when it is not a
 * tree, or when a name is not one that a directory can hold, stands twice or is out of order. `id` is for messages.
 */
export function* nodesOf(tree: Uint8Array, id = ''): Generator<Node, void, undefined> {
  const key = `tree ${id}`.trimEnd();
  let last: string | undefined;
  for (const values of piecesOf(tree, key)) {
    for (const value of values) {
      const node = decodeNode(value);
      if (typeof node === 'string') throw damaged(key, node);
      checkName(node.name, last, key);
      last = node.name;
      yield node;
    }
  }
}

function checkName(name: string, last: string | undefined, key: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw damaged(key, `"${displayName(name)}" can not be a name`);
  }
  if (last === undefined) return;
  const order = compareNames(last, name);
  if (order === 0) throw damaged(key, `"${displayName(name)}" stands in it twice`);
  if (order > 0) throw damaged(key, `"${displayName(name)}" is out of order`);
}

function* piecesOf(tree: Uint8Array, key: string): Generator<readonly unknown[]> {
  if (tree.length > SMALL_TREE_BYTES) {
    yield* piecesOfLarge(tree, key);
    return;
  }
  const value = parse(Buffer.from(tree.buffer, tree.byteOffset, tree.byteLength).toString('utf8'), key);
  const isObject = typeof value === 'object' && value !== null && 'nodes' in value;
  const nodes = isObject ? (value.nodes ?? []) : undefined;
  if (!Array.isArray(nodes)) throw damaged(key, 'it has no list of nodes');
  yield nodes;
}

function* piecesOfLarge(tree: Uint8Array, key: string): Generator<readonly unknown[]> {
  const cursor: JsonCursor = { bytes: tree, at: 0 };
  if (!accept(cursor, BYTE.openObject)) throw damaged(key, 'it is not a JSON object');
  let found = false;
  for (let first = true; !accept(cursor, BYTE.closeObject); first = false) {
    if (!first && !accept(cursor, BYTE.comma)) throw damaged(key, 'it ends too early');
    const name = takeValue(cursor);
    if (name === undefined || !accept(cursor, BYTE.colon)) throw damaged(key, 'it is not JSON');
    if (name === '"nodes"' && !found) {
      found = true;
      yield* piecesOfList(cursor, key);
    } else if (!skipValue(cursor)) throw damaged(key, 'it ends too early');
  }
  if (!found) throw damaged(key, 'it has no list of nodes');
  if (peek(cursor) !== -1) throw damaged(key, 'something follows its end');
}

function* piecesOfList(cursor: JsonCursor, key: string): Generator<readonly unknown[]> {
  if (!accept(cursor, BYTE.openList)) throw damaged(key, 'it has no list of nodes');
  if (accept(cursor, BYTE.closeList)) return;
  let from = cursor.at;
  for (;;) {
    if (!skipValue(cursor)) throw damaged(key, 'it ends too early');
    const to = cursor.at;
    const goesOn = accept(cursor, BYTE.comma);
    if (goesOn && to - from < PIECE_BYTES) continue;
    yield parse(`[${textBetween(cursor, from, to)}]`, key) as unknown[];
    from = cursor.at;
    if (goesOn) continue;
    if (!accept(cursor, BYTE.closeList)) throw damaged(key, 'it is not JSON');
    return;
  }
}

function parse(text: string, key: string): unknown {
  const exact = LARGE_NUMBER.test(text) ? text.replace(LARGE_FIELDS, '$1"$2"') : text;
  try {
    return JSON.parse(exact);
  } catch (error) {
    throw damaged(key, 'it is not JSON', error);
  }
}
