import { compareNames } from '../../../base/names.ts';
import type { Entry } from '../../../sources/source.ts';
import { encodeNodeHead, type Node } from '../format/node.ts';
import { nodesOf } from '../format/tree.ts';

/** What the parent snapshot has for an entry that did not change. */
export interface Kept {
  /** The node's text, to be used again as it is. */
  readonly text: string;
  /** Of a directory: the id of its tree. */
  readonly subtree: string | undefined;
}

const OPEN = '{"nodes":[';
const FILE_CONTENT = ',"content":[';
const NO_CONTENT = ',"content":null';
const SUBTREE = ',"subtree":"';
const ID_DIGITS = 64;

/**
 * The same directory in the parent snapshot, read in step with the walk: both are in byte order of their names.
 *
 * As long as the entries are what they were, their nodes are not even parsed: the text that an entry would get is compared with the text
 * that stands next in the tree. At the first difference the rest is parsed.
 */
export class ParentDirectory {
  readonly id: string;
  readonly #text: string;
  /** Where the next node begins in the text, or -1 once nodes are parsed. */
  #at: number;
  #nodes: Iterator<Node> = [].values();
  #next: Node | undefined;

  constructor(tree: Uint8Array, id: string) {
    this.id = id;
    this.#text = Buffer.from(tree.buffer, tree.byteOffset, tree.byteLength).toString('utf8');
    this.#at = this.#text.startsWith(OPEN) ? OPEN.length : -1;
    if (this.#at < 0) this.#parse(tree);
  }

  /** Ids of trees below this one, for reading ahead. What only looks like one is ignored by the reader. */
  subtrees(): string[] {
    const found: string[] = [];
    for (let at = this.#text.indexOf(SUBTREE); at >= 0; at = this.#text.indexOf(SUBTREE, at + ID_DIGITS)) {
      found.push(this.#text.slice(at + SUBTREE.length, at + SUBTREE.length + ID_DIGITS));
    }
    return found;
  }

  /**
   * The node of an entry that is in every respect what it was: type, size, times, inode, mode, owner, links; any change of content or
   * attributes moves the change time. Undefined when that is not plain to see; then `find` tells more. `isStored` is asked for each blob
   * of a file. Entries must be asked for in order.
   */
  keep(entry: Entry, isStored: (id: string) => boolean): Kept | undefined {
    // A stream of unknown length is never plainly unchanged, although the text of an empty file looks like its own.
    if (this.#at < 0 || entry.sizeBytes < 0) return undefined;
    const head = encodeNodeHead(entry, entry.sizeBytes);
    if (!this.#text.startsWith(head, this.#at)) return undefined;
    const rest = this.#at + head.length;
    return entry.type === 'file' ? this.#keepFile(rest, isStored) : this.#keepOther(rest);
  }

  #keepFile(rest: number, isStored: (id: string) => boolean): Kept | undefined {
    if (!this.#text.startsWith(FILE_CONTENT, rest)) return undefined;
    const end = this.#text.indexOf(']', rest);
    // Ids are 64 digits in quotes, with commas between them.
    for (let at = rest + FILE_CONTENT.length; at < end; at += ID_DIGITS + 3) {
      if (!isStored(this.#text.slice(at + 1, at + 1 + ID_DIGITS))) return undefined;
    }
    return this.#keepTo(end + 1, undefined);
  }

  #keepOther(rest: number): Kept | undefined {
    if (!this.#text.startsWith(NO_CONTENT, rest)) return undefined;
    const end = rest + NO_CONTENT.length;
    if (!this.#text.startsWith(SUBTREE, end)) return this.#keepTo(end, undefined);
    const id = end + SUBTREE.length;
    return this.#keepTo(id + ID_DIGITS + 1, this.#text.slice(id, id + ID_DIGITS));
  }

  /** `end` is where the node's closing brace stands, if it ends there. */
  #keepTo(end: number, subtree: string | undefined): Kept | undefined {
    if (this.#text[end] !== '}') return undefined;
    const text = this.#text.slice(this.#at, end + 1);
    this.#at = this.#text[end + 1] === ',' ? end + 2 : end + 1;
    return { text, subtree };
  }

  /** True when every node was kept and there are no more. */
  get isUsedUp(): boolean {
    return this.#at >= 0 && this.#text.startsWith(']}', this.#at);
  }

  /** The node of that name. Names must be asked for in order. */
  find(name: string): Node | undefined {
    if (this.#at >= 0) {
      const rest = this.#text.slice(this.#at);
      this.#at = -1;
      this.#parse(Buffer.from(OPEN + rest));
    }
    while (this.#next !== undefined) {
      const order = this.#next.name === name ? 0 : compareNames(this.#next.name, name);
      if (order === 0) return this.#next;
      if (order > 0) return undefined;
      this.#advance();
    }
    return undefined;
  }

  #parse(tree: Uint8Array): void {
    this.#nodes = nodesOf(tree, this.id);
    this.#advance();
  }

  /** A parent that turns out to be damaged is a shorter one: more is read, nothing is wrong. `verify` is what reports it. */
  #advance(): void {
    try {
      const result = this.#nodes.next();
      this.#next = result.done ? undefined : result.value;
    } catch {
      this.#next = undefined;
    }
  }
}

/**
 * Whether a file is taken as unchanged without opening it: same size, modification and change time and inode.
 */
export function isUnchanged(node: Node, entry: Entry): boolean {
  return (
    node.type === entry.type &&
    node.sizeBytes === entry.sizeBytes &&
    node.mtimeNs === entry.mtimeNs &&
    node.ctimeNs === entry.ctimeNs &&
    node.inode === entry.inode
  );
}
