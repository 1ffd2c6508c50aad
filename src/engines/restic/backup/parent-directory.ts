import { compareNames } from '../../../base/names.ts';
import type { Entry } from '../../../sources/source.ts';
import type { Node } from '../format/node.ts';
import { nodesOf } from '../format/tree.ts';

/** Up to this size the nodes of a tree are taken at once. */
const WHOLE_TREE_BYTES = 256 * 1024;

/** The same directory in the parent snapshot, read in step with the walk: both are in byte order of their names. */
export class ParentDirectory {
  readonly #nodes: Iterator<Node>;
  #next: Node | undefined;
  /** Ids of the trees below, as far as they are known already: those of all but huge directories. */
  readonly subtrees: readonly string[];

  constructor(tree: Uint8Array, id: string) {
    const all = tree.length <= WHOLE_TREE_BYTES ? wholeTree(tree, id) : undefined;
    this.subtrees = all?.flatMap(({ subtree }) => subtree ?? []) ?? [];
    this.#nodes = all?.values() ?? nodesOf(tree, id);
    this.#advance();
  }

  /** The node of that name. Names must be asked for in order. */
  find(name: string): Node | undefined {
    while (this.#next !== undefined) {
      const order = this.#next.name === name ? 0 : compareNames(this.#next.name, name);
      if (order === 0) return this.#next;
      if (order > 0) return undefined;
      this.#advance();
    }
    return undefined;
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

function wholeTree(tree: Uint8Array, id: string): readonly Node[] {
  try {
    return [...nodesOf(tree, id)];
  } catch {
    return [];
  }
}

/**
 * Whether a file is taken as unchanged without opening it: same size, modification and change time and inode. Any change of
 * content, owner, mode or attributes moves the change time.
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
