import type { Entry, Xattr } from '../../../sources/source.ts';
import { encodeNode, type NodeExtras } from '../format/node.ts';

/**
 * Saves the text of one tree and tells its id as hex digits. Trees are handed over children first, so that a tree is
 * never saved before those it names.
 */
export type SaveTree = (tree: Uint8Array) => Promise<string>;

/** The place of one node in its directory, to be filled when its content is stored. */
export interface NodeSlot {
  /** Fills the place. */
  write(entry: Entry, extras: NodeExtras): void;
  /** Leaves the entry out of the tree. */
  omit(): void;
}

/** One directory being collected. */
export class Directory {
  readonly entry: Entry | undefined;
  xattrs: readonly Xattr[] = [];
  readonly #parent: Directory | undefined;
  readonly #slot: NodeSlot | undefined;
  readonly #save: SaveTree;
  readonly #texts: (string | undefined)[] = [];
  readonly #onFailure: (error: unknown) => void;
  #pending = 1;

  /** The root has no entry. `onFailure` is told once when the tree can not be saved. */
  constructor(save: SaveTree, onFailure: (error: unknown) => void, parent?: Directory, entry?: Entry) {
    this.#save = save;
    this.#onFailure = onFailure;
    this.#parent = parent;
    this.entry = entry;
    this.#slot = parent?.reserve();
  }

  readonly #saved = Promise.withResolvers<string>();
  /** Of the root: resolves to its tree's id. */
  get saved(): Promise<string> {
    return this.#saved.promise;
  }

  /** Adds a node that is complete. Nodes are added in byte order of their names. */
  add(entry: Entry, extras: NodeExtras): void {
    this.#texts.push(encodeNode(entry, extras));
  }

  /** Keeps the next place for a node that is not complete yet. */
  reserve(): NodeSlot {
    const at = this.#texts.push(undefined) - 1;
    this.hold();
    return {
      write: (entry, extras) => {
        this.#texts[at] = encodeNode(entry, extras);
        this.release();
      },
      omit: () => this.release(),
    };
  }

  /** Keeps the directory open until {@link release}; each node that is not complete does this, and the walk itself. */
  hold(): void {
    this.#pending += 1;
  }

  release(): void {
    this.#pending -= 1;
    if (this.#pending === 0) void this.#finish();
  }

  async #finish(): Promise<void> {
    try {
      const subtree = await this.#save(encodeTree(this.#texts));
      this.#texts.length = 0;
      if (this.entry !== undefined) this.#slot?.write(this.entry, { subtree, xattrs: this.xattrs });
      if (this.#parent === undefined) this.#saved.resolve(subtree);
    } catch (error) {
      this.#onFailure(error);
    }
  }
}

/** Texts are joined in pieces: the tree of a huge directory is longer than a JavaScript string may be. */
const PIECE_NODES = 4096;

function encodeTree(texts: readonly (string | undefined)[]): Uint8Array {
  const nodes = texts.filter((text) => text !== undefined);
  if (nodes.length <= PIECE_NODES) return Buffer.from(`{"nodes":[${nodes.join(',')}]}\n`);
  const pieces = [Buffer.from('{"nodes":[')];
  for (let at = 0; at < nodes.length; at += PIECE_NODES) {
    const comma = at === 0 ? '' : ',';
    pieces.push(Buffer.from(comma + nodes.slice(at, at + PIECE_NODES).join(',')));
  }
  return Buffer.concat([...pieces, Buffer.from(']}\n')]);
}
