import type { RestoredEntry } from '../source.ts';

/** A directory that entries are restored into. */
export interface Folder {
  readonly entryPath: string;
  /** Of an existing one that the person's own links lead to: where they lead. */
  path: string;
  /** Whose attributes it gets when it is complete; undefined: it keeps its own. */
  entry: RestoredEntry | undefined;
  readonly parent: Folder | undefined;
  /** `blocked`: something else is in its place; it has been reported, and nothing is restored into it. */
  state: 'new' | 'existing' | 'blocked';
  /** Nothing was in it before, so nothing can be in the way. */
  empty: boolean;
  /** What is made in it gets ACLs from it. */
  acl: boolean;
}

/** Where the content of a file with several names is. */
export interface Origin {
  readonly path: string;
  /** Its content could not be restored. */
  failed: boolean;
}

/** Anything but a directory, to be restored. */
export interface Step {
  readonly entry: RestoredEntry;
  readonly path: string;
  readonly parent: Folder;
  /** Something is there and is replaced, at once and whole. */
  readonly replaces: boolean;
  /** Of a file with several names. */
  readonly origin: Origin | undefined;
}

/** What is to be done, in this order. */
export interface Batch {
  /** To be made, outer before inner. */
  readonly folders: Folder[];
  /** Files whose content is to be placed. */
  readonly files: Step[];
  /** Symbolic links, fifos and devices. */
  readonly others: Step[];
  /** Further names of files. */
  readonly links: (Step & { readonly origin: Origin })[];
  /** Directories in which nothing more happens, inner before outer; they get their attributes. */
  readonly finished: Folder[];
}

export function emptyBatch(): Batch {
  return { folders: [], files: [], others: [], links: [], finished: [] };
}
