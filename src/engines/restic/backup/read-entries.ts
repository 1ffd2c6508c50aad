import { compareNames } from '../../../base/names.ts';
import type { Entry, Reading, Xattr } from '../../../sources/source.ts';
import type { BackupHow } from '../../engine.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import type { Node } from '../format/node.ts';
import type { TreeReader } from '../tree-reader.ts';
import type { ContentStore } from './content-store.ts';
import type { Failure } from './failure.ts';
import { FileReader, type OpenFile } from './file-reader.ts';
import { isUnchanged, type Kept, ParentDirectory } from './parent-directory.ts';
import type { Tally } from './tally.ts';
import { TouchedFiles } from './touched-files.ts';
import { Directory, type NodeSlot } from './tree-writer.ts';

export interface ReadEntriesOptions {
  /** Reads the parent's trees. */
  readonly trees: TreeReader;
  readonly reading: Reading;
  readonly table: BlobTable;
  readonly content: ContentStore;
  readonly save: (tree: Uint8Array) => Promise<string>;
  /** A promise only when saving is behind: more trees are to wait for it. */
  readonly ready: () => undefined | Promise<unknown>;
  readonly parentTree: string | undefined;
  readonly tally: Tally;
  readonly failure: Failure;
  readonly how: BackupHow;
  /** Name in the root that is not the source's to use. */
  readonly reservedName: string;
}

interface Level {
  readonly directory: Directory;
  readonly parent: ParentDirectory | undefined;
  /** Path with a slash at the end; '' for the root. */
  readonly prefix: string;
}

/** An entry whose extended attributes are to be read. */
interface FreshEntry {
  readonly entry: Entry;
  readonly take: (xattrs: readonly Xattr[]) => void;
}

/**
 * Turns the entries of a source into trees: compares each with the parent snapshot, has the content of what changed saved,
 * and completes a directory when everything in it is stored.
 */
export class EntriesReader {
  readonly #options: ReadEntriesOptions;
  readonly root: Directory;
  readonly #levels: Level[];
  readonly #files: FileReader;
  readonly #touched: TouchedFiles;
  /** What is to be asked of the source: as soon as a batch is compared, or when it is as much as the source likes at once. */
  #fresh: FreshEntry[] = [];
  #open: OpenFile[] = [];
  #reserved: NodeSlot | undefined;

  private constructor(options: ReadEntriesOptions, parent: ParentDirectory | undefined) {
    this.#options = options;
    const { save, failure, how } = options;
    this.root = new Directory({ save, onFailure: failure.report, keptTree: undefined });
    this.#levels = [{ directory: this.root, parent, prefix: '' }];
    this.#files = new FileReader({ ...options, warn: how.warn });
    this.#touched = new TouchedFiles(options);
  }

  static async open(options: ReadEntriesOptions): Promise<EntriesReader> {
    return new EntriesReader(options, await openParent(options, options.parentTree));
  }

  /** Reads all entries. The root stays open, so that more can be added to it. */
  async readAll(): Promise<void> {
    for await (const batch of this.#options.reading.entries()) {
      this.#options.how.signal.throwIfAborted();
      await this.#compare(batch);
      const waiting = Math.max(this.#fresh.length, this.#open.length);
      if (waiting >= (this.#options.reading.askAhead ?? 1) || this.#touched.isFull()) await this.#ask();
      const ready = this.#options.ready();
      if (ready !== undefined) await this.#options.failure.during(ready);
      this.#options.failure.throwIfAny();
    }
    await this.#ask();
    this.#closeLevels('');
    this.#reserved ??= this.root.reserve();
    await this.#files.finish();
  }

  /** The place of the reserved name in the root; there once all entries are read. */
  get reserved(): NodeSlot | undefined {
    return this.#reserved;
  }

  async #compare(batch: readonly Entry[]): Promise<void> {
    for (const entry of batch) {
      const level = this.#enter(entry.path);
      const name = entry.path.slice(level.prefix.length);
      if (level.prefix === '' && !this.#passReserved(name)) continue;
      const kept = this.#options.how.force === true ? undefined : level.parent?.keep(entry, this.#isStored);
      if (kept !== undefined && entry.type !== 'dir') this.#keep(entry, level, kept);
      else {
        const node = kept === undefined ? level.parent?.find(name) : undefined;
        this.#fresh.push(...(await this.#readEntry(entry, level, kept, node, this.#open)));
      }
    }
  }

  /** Has the source read what is new or changed, as far as it does not find that its content is what it was. */
  async #ask(): Promise<void> {
    const equal = await this.#touched.complete();
    const fresh = this.#fresh.filter(({ entry }) => !equal.has(entry));
    const open = this.#open.filter(({ entry }) => !equal.has(entry));
    this.#fresh = [];
    this.#open = [];
    const xattrs = fresh.length === 0 ? [] : await this.#options.reading.xattrs(fresh.map(({ entry }) => entry));
    for (const [index, { take }] of fresh.entries()) take(xattrs[index] ?? []);
    if (open.length > 0) await this.#readContent(open);
  }

  /** Keeps the place of the reserved name among those of the root. Returns false for the reserved name itself. */
  #passReserved(name: string): boolean {
    const { reservedName } = this.#options;
    if (this.#reserved === undefined && compareNames(reservedName, name) <= 0) this.#reserved = this.root.reserve();
    return name !== reservedName;
  }

  #keep(entry: Entry, level: Level, kept: Kept): void {
    level.directory.keep(kept.text);
    if (entry.type === 'file') this.#options.tally.fileUnmodified(entry);
    else this.#options.tally.other();
  }

  /** Takes an entry that is a directory, or that is not plainly unchanged. Returns it if its attributes are to be read. */
  async #readEntry(
    entry: Entry,
    level: Level,
    kept: Kept | undefined,
    node: Node | undefined,
    open: OpenFile[],
  ): Promise<FreshEntry[]> {
    const { how, tally } = this.#options;
    const same = node !== undefined && how.force !== true && isUnchanged(node, entry) ? node : undefined;
    if (entry.type === 'dir') return this.#openDirectory(entry, level, kept, node, same);
    if (entry.type !== 'file') {
      tally.other();
      const slot = level.directory.reserve();
      return [{ entry, take: (xattrs) => slot.write(entry, { xattrs }) }];
    }
    // What an unchanged file refers to may have been lost from the repository; then it is read again.
    if (same?.content.every(this.#isStored)) {
      level.directory.add(entry, { xattrs: same.xattrs, content: same.content });
      tally.fileUnmodified(entry);
      return [];
    }
    const file: OpenFile = { entry, slot: level.directory.reserve(), isNew: node === undefined, xattrs: [] };
    open.push(file);
    if (node !== undefined) this.#touched.add(file, node);
    const take = (xattrs: readonly Xattr[]): void => {
      file.xattrs = xattrs;
    };
    return [{ entry, take }];
  }

  async #openDirectory(
    entry: Entry,
    level: Level,
    kept: Kept | undefined,
    node: Node | undefined,
    same: Node | undefined,
  ): Promise<FreshEntry[]> {
    const { save, tally, failure } = this.#options;
    const parent = await openParent(this.#options, kept?.subtree ?? node?.subtree);
    const above = { directory: level.directory, entry, kept: kept?.text };
    const directory = new Directory({ save, onFailure: failure.report, above, keptTree: parent?.id });
    this.#levels.push({ directory, parent, prefix: `${entry.path}/` });
    tally.directory();
    if (kept !== undefined) return [];
    if (same !== undefined) {
      directory.xattrs = same.xattrs;
      return [];
    }
    directory.hold();
    const take = (xattrs: readonly Xattr[]): void => {
      directory.xattrs = xattrs;
      directory.release();
    };
    return [{ entry, take }];
  }

  /** The level that an entry's path belongs to; levels that the walk has left are closed. */
  #enter(path: string): Level {
    this.#closeLevels(path);
    return this.#levels.at(-1)!;
  }

  #closeLevels(path: string): void {
    while (!path.startsWith(this.#levels.at(-1)!.prefix)) {
      const { directory, parent } = this.#levels.pop()!;
      directory.close(parent?.isUsedUp === true);
    }
  }

  readonly #isStored = (id: string): boolean => this.#options.table.findText(id, DATA) >= 0;

  async #readContent(files: readonly OpenFile[]): Promise<void> {
    const { reading, how } = this.#options;
    let index = 0;
    for await (const content of reading.content(
      files.map(({ entry }) => entry),
      how,
    )) {
      const file = files[index++]!;
      await this.#files.take(file, content);
    }
  }
}

/** Without its parent a directory is read as if it were new: slower, never wrong. */
async function openParent(
  { trees, how }: ReadEntriesOptions,
  tree: string | undefined,
): Promise<ParentDirectory | undefined> {
  if (tree === undefined) return undefined;
  try {
    const parent = new ParentDirectory(await trees.read(tree, how), tree);
    trees.ahead(parent.subtrees(), how);
    return parent;
  } catch (error) {
    if (how.signal.aborted) throw error;
    return undefined;
  }
}
