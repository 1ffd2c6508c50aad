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

export interface DirectoryOptions {
  readonly save: SaveTree;
  /** Told once when the tree can not be saved. */
  readonly onFailure: (error: unknown) => void;
  /** The directory above, and the entry in it; none for the root. */
  readonly above?: { readonly directory: Directory; readonly entry: Entry; readonly kept: string | undefined };
  /** Id of the tree that this directory has if all its nodes are kept. */
  readonly keptTree: string | undefined;
}

/** One directory being collected. */
export class Directory {
  xattrs: readonly Xattr[] = [];
  readonly #options: DirectoryOptions;
  readonly #slot: NodeSlot | undefined;
  readonly #texts: (string | undefined)[] = [];
  readonly #saved = Promise.withResolvers<string>();
  #differs = false;
  #pending = 1;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#slot = options.above?.directory.reserve(options.above.kept);
  }

  /** Of the root: resolves to its tree's id. */
  get saved(): Promise<string> {
    return this.#saved.promise;
  }

  /** Adds the text of a node that the parent snapshot has in the same place. */
  keep(text: string): void {
    this.#texts.push(text);
  }

  /** Adds a node that is complete. Nodes are added in byte order of their names. */
  add(entry: Entry, extras: NodeExtras): void {
    this.#differs = true;
    this.#texts.push(encodeNode(entry, extras));
  }

  /**
   * Keeps the next place for a node that is not complete yet. `kept` is its text in the parent snapshot, where that has the same entry in
   * the same place: the directory stays the same as long as the text does.
   */
  reserve(kept?: string): NodeSlot {
    const at = this.#texts.push(undefined) - 1;
    this.#differs ||= kept === undefined;
    this.hold();
    return {
      write: (entry, extras) => {
        const text = encodeNode(entry, extras);
        this.#texts[at] = text;
        this.#differs ||= text !== kept;
        this.release();
      },
      omit: () => {
        this.#differs = true;
        this.release();
      },
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

  /** The walk has left the directory. `isWhole`: the parent snapshot has no further nodes in it. */
  close(isWhole: boolean): void {
    this.#differs ||= !isWhole;
    this.release();
  }

  async #finish(): Promise<void> {
    const { save, onFailure, above, keptTree } = this.#options;
    try {
      const isKept = keptTree !== undefined && !this.#differs;
      const subtree = isKept ? keptTree : await save(encodeTree(this.#texts));
      this.#texts.length = 0;
      if (above === undefined) this.#saved.resolve(subtree);
      else this.#slot?.write(above.entry, { subtree, xattrs: this.xattrs });
    } catch (error) {
      onFailure(error);
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
