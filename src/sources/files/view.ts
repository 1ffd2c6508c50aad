import type { Entry, EntryType } from '../source.ts';
import type { Root } from './roots.ts';

/** The files that a walk goes through: those of this machine, or those that another host has listed. `Node` is what stands for one of them. */
export interface View<Node> {
  /**
   * A root, or a directory above one; links are followed, since the person named them. Throws `source.missing` or `source.unreadable`.
   */
  follow(path: string, root: Root | undefined): Node;
  /** What is in a directory. Throws the system's errors. */
  open(path: string, directory: Node | undefined): Folder<Node>;
  type(node: Node): EntryType;
  sizeBytes(node: Node): number;
  device(node: Node): bigint;
  /** The entry at `entryPath`. Throws the system's errors. */
  entry(entryPath: string, path: string, node: Node): Entry;
  /** Whether a directory with a file named CACHEDIR.TAG is marked by it. */
  isCache(path: string, folder: Folder<Node>): boolean;
}

export interface Folder<Node> {
  /** Unordered. */
  readonly names: string[];
  /** What is there under a name, a link not followed; undefined when it is gone. Throws the system's errors. */
  look(name: string, path: string): Node | undefined;
}
