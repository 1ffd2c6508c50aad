import type { Reach } from '../../../reach/reach.ts';
import type { Entry, TouchedFile, Xattr } from '../../source.ts';
import type { FilesOptions } from '../options.ts';
import type { Listed } from './listed-tree.ts';
import { list } from './listing.ts';
import type { FarHead } from './listing-parser.ts';
import { pathBytes } from './path-bytes.ts';
import type { TarDialect } from './tar-dialect.ts';
import { attributesThere, canTellAttributes } from './touched/attributes-there.ts';
import { canHash, equalContents } from './touched/equal-contents.ts';

export interface FarTouchedHow {
  readonly source: string;
  readonly reach: Reach;
  readonly folder: string | undefined;
  readonly options: FilesOptions;
  readonly head: FarHead;
  readonly dialect: TarDialect;
  readonly alive: (() => void) | undefined;
  /** The path there that programs are given. */
  readonly pathOf: (entry: Entry) => string;
  /** Whether the entry is what a link there leads to. */
  readonly isFollowed: (entry: Entry) => boolean;
}

interface Candidate extends TouchedFile {
  readonly path: string;
}

const NONE: readonly Xattr[] = [];

/** Compares files of another host that look changed with what is known of their content. What can not be told is not equal. */
export class FarTouched {
  readonly #how: FarTouchedHow;
  /** Why something that should be could not be compared, for people. Known from the beginning where a program is missing. */
  obstacle: string | undefined;

  constructor(how: FarTouchedHow) {
    this.#how = how;
    const { tools } = how.head;
    if (!canHash(tools)) this.obstacle = CAN_NOT_HASH;
    else if (how.dialect.hasXattrs && !canTellAttributes(tools)) this.obstacle = CAN_NOT_TELL;
  }

  /** See {@link import('../../source.ts').Reading.compare}. */
  async compare(
    touched: readonly TouchedFile[],
    signal: AbortSignal,
  ): Promise<readonly (readonly Xattr[] | undefined)[]> {
    const files = touched
      .filter(({ entry }) => !this.#how.isFollowed(entry))
      .map((file): Candidate => ({ ...file, path: this.#how.pathOf(file.entry) }));
    const equal = await this.#equalOf(files, signal);
    return touched.map(({ entry }) => equal.get(entry));
  }

  /**
   * First the hashes, then the attributes, and last whether each file is what it was when it was listed: what was found out lies between two
   * looks at its time of change.
   */
  async #equalOf(files: readonly Candidate[], signal: AbortSignal): Promise<ReadonlyMap<Entry, readonly Xattr[]>> {
    const found = new Map<Entry, readonly Xattr[]>();
    if (files.length === 0) return found;
    const { reach, folder, alive, head, dialect } = this.#how;
    const there = { reach, folder, alive, signal };
    const equal = await equalContents(files, head.tools, there);
    if (equal === undefined) return this.#giveUp(CAN_NOT_HASH, found);
    const paths = equal.map(({ path }) => path);
    // A `tar` that tells no attributes tells none of those that travel either.
    const attributes = dialect.hasXattrs ? await attributesThere(paths, head.tools, there) : equal.map(() => NONE);
    if (attributes === undefined) return this.#giveUp(CAN_NOT_TELL, found);
    const isAsListed = await this.#look(paths, signal);
    for (const [at, { entry, path }] of equal.entries()) {
      const xattrs = attributes[at];
      if (xattrs !== undefined && isAsListed(path, entry)) found.set(entry, sorted(xattrs));
    }
    return found;
  }

  #giveUp<Nothing>(why: string, nothing: Nothing): Nothing {
    this.obstacle = why;
    return nothing;
  }

  async #look(paths: readonly string[], signal: AbortSignal): Promise<(path: string, entry: Entry) => boolean> {
    if (paths.length === 0) return () => false;
    const { source, reach, folder, options, alive } = this.#how;
    const listed = { source, reach, folder, starts: [], options, prune: [], signal, alive, names: pathBytes(paths) };
    const { parser } = await list(listed).whole;
    return (path, entry) => {
      const at = parser.named.get(path);
      return at !== undefined && isSame(parser.tree.listed(at), entry);
    };
  }
}

const CAN_NOT_HASH = 'has nothing that hashes it: sha256sum, shasum, sha256, openssl or python3';
const CAN_NOT_TELL = 'has nothing that tells extended attributes alone: python3, perl or getfattr';

function isSame(now: Listed, { type, mode, uid, gid, mtimeNs, ctimeNs, sizeBytes, inode, device }: Entry): boolean {
  const isContent = now.type === type && now.sizeBytes === sizeBytes && now.mtimeNs === mtimeNs;
  const isFile = now.inode === inode && now.device === device && now.ctimeNs === ctimeNs;
  return isContent && isFile && now.mode === mode && now.uid === uid && now.gid === gid;
}

function sorted(xattrs: readonly Xattr[]): readonly Xattr[] {
  return xattrs.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
