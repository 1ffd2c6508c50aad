import { systemCode } from '../../../base/errors.ts';
import { compareNames, systemPath } from '../../../base/names.ts';
import type { Content, Entry, Reading, Xattr } from '../../../sources/source.ts';
import type { BackupHow } from '../../engine.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import { idBytes } from '../format/id.ts';
import type { Node } from '../format/node.ts';
import type { TreeReader } from '../tree-reader.ts';
import { type ContentStore, hexIds, type SavedContent } from './content-store.ts';
import { FILE_CHANGED, FILE_FAILED, FILE_GREW, type FilesDone, SEGMENT_BYTES } from './messages.ts';
import { isUnchanged, type Kept, ParentDirectory } from './parent-directory.ts';
import type { Tally } from './tally.ts';
import { Directory, type NodeSlot } from './tree-writer.ts';

/** A task of small files is sent when it has so many, or so many bytes. */
const TASK_FILES = 256;
const TASK_BYTES = 4 * 1024 * 1024;
/** How many large files may be under way or waiting for their turn. */
const LARGE_FILES = 4;

export interface ReadEntriesOptions {
  /** Reads the parent's trees. */
  readonly trees: TreeReader;
  readonly reading: Reading;
  readonly table: BlobTable;
  readonly content: ContentStore;
  readonly save: (tree: Uint8Array) => Promise<string>;
  readonly parentTree: string | undefined;
  readonly tally: Tally;
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

/** A file whose content is to be read. */
interface OpenFile {
  readonly entry: Entry;
  readonly slot: NodeSlot;
  readonly isNew: boolean;
  xattrs: readonly Xattr[];
}

/** An entry whose extended attributes are to be read. */
interface FreshEntry {
  readonly entry: Entry;
  readonly take: (xattrs: readonly Xattr[]) => void;
}

/**
 * Turns the entries of a source into trees: compares each with the parent snapshot, has the content of what changed saved,
 * and completes a directory when everything in it is stored. What is in flight is bounded by the workers' queue.
 */
export class EntriesReader {
  readonly #options: ReadEntriesOptions;
  readonly root: Directory;
  readonly #levels: Level[];
  readonly #inFlight = new Set<Promise<void>>();
  #files: OpenFile[] = [];
  #paths: string[] = [];
  #bytes = 0;
  #largeFiles = 0;
  #reserved: NodeSlot | undefined;
  readonly #failed = Promise.withResolvers<never>();
  #failure: unknown;

  private constructor(options: ReadEntriesOptions, parent: ParentDirectory | undefined) {
    this.#options = options;
    this.root = new Directory({ save: options.save, onFailure: this.fail, keptTree: undefined });
    this.#levels = [{ directory: this.root, parent, prefix: '' }];
    this.#failed.promise.catch(() => {});
  }

  static async open(options: ReadEntriesOptions): Promise<EntriesReader> {
    return new EntriesReader(options, await openParent(options, options.parentTree));
  }

  /** Reports a failure of something that runs beside the walk; the next wait throws it. */
  readonly fail = (error: unknown): void => {
    this.#failure ??= error ?? new Error('unknown failure');
    this.#failed.reject(this.#failure);
  };

  /** Reads all entries. The root stays open, so that more can be added to it. */
  async readAll(): Promise<void> {
    for await (const batch of this.#options.reading.entries()) {
      this.#options.how.signal.throwIfAborted();
      await this.#readBatch(batch);
      this.#throwFailure();
    }
    this.#closeLevels('');
    this.#reserved ??= this.root.reserve();
    await this.#sendFiles();
    while (this.#inFlight.size > 0) await this.orFailure(Promise.race(this.#inFlight));
    this.#throwFailure();
  }

  /** The place of the reserved name in the root; there once all entries are read. */
  get reserved(): NodeSlot | undefined {
    return this.#reserved;
  }

  /** Waits for `work`, or throws what failed meanwhile. */
  orFailure<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #readBatch(batch: readonly Entry[]): Promise<void> {
    const fresh: FreshEntry[] = [];
    const open: OpenFile[] = [];
    for (const entry of batch) {
      const level = this.#enter(entry.path);
      const name = entry.path.slice(level.prefix.length);
      if (level.prefix === '' && !this.#passReserved(name)) continue;
      const kept = this.#options.how.force === true ? undefined : level.parent?.keep(entry, this.#isStored);
      if (kept !== undefined && entry.type !== 'dir') this.#keep(entry, level, kept);
      else {
        const node = kept === undefined ? level.parent?.find(name) : undefined;
        fresh.push(...(await this.#readEntry(entry, level, kept, node, open)));
      }
    }
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
    const { save, tally } = this.#options;
    const parent = await openParent(this.#options, kept?.subtree ?? node?.subtree);
    const above = { directory: level.directory, entry, kept: kept?.text };
    const directory = new Directory({ save, onFailure: this.fail, above, keptTree: parent?.id });
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

  readonly #isStored = (id: string): boolean => this.#options.table.find(idBytes(id), DATA) >= 0;

  async #readContent(files: readonly OpenFile[]): Promise<void> {
    const { reading, how } = this.#options;
    let index = 0;
    for await (const content of reading.content(
      files.map(({ entry }) => entry),
      how,
    )) {
      const file = files[index++]!;
      await this.#take(file, content);
    }
  }

  async #take(file: OpenFile, content: Content): Promise<void> {
    if (content.kind === 'gone') file.slot.omit();
    else if (content.kind === 'stream') {
      this.#complete(file, await this.orFailure(this.#options.content.saveStream(content.chunks)));
    } else if (file.entry.sizeBytes > SEGMENT_BYTES) {
      while (this.#largeFiles >= LARGE_FILES) await this.orFailure(Promise.race(this.#inFlight));
      this.#readLarge(file, content.path);
    } else {
      this.#files.push(file);
      this.#paths.push(content.path);
      this.#bytes += file.entry.sizeBytes;
      if (this.#files.length >= TASK_FILES || this.#bytes >= TASK_BYTES) await this.#sendFiles();
    }
  }

  async #sendFiles(): Promise<void> {
    if (this.#files.length === 0) return;
    const files = this.#files;
    const paths = this.#paths;
    this.#files = [];
    this.#paths = [];
    this.#bytes = 0;
    await this.orFailure(this.#options.content.ready());
    const saving = this.#options.content.saveFiles({
      paths: paths.map(systemPath),
      sizes: Float64Array.from(files, ({ entry }) => entry.sizeBytes),
      mtimesNs: BigInt64Array.from(files, ({ entry }) => entry.mtimeNs),
    });
    this.#track(saving.then((done) => this.#completeAll(files, paths, done)));
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(this.fail);
    this.#inFlight.add(tracked);
    void tracked.then(() => this.#inFlight.delete(tracked));
  }

  #completeAll(files: readonly OpenFile[], paths: readonly string[], done: FilesDone): void {
    const ids = hexIds(done.ids);
    const settled = new Map(done.settled.map((times) => [times.index, times]));
    const failures = new Map(done.failures.map((failure) => [failure.index, failure]));
    let at = 0;
    for (const [index, file] of files.entries()) {
      const state = done.states[index]!;
      const count = done.counts[index]!;
      if (state === FILE_FAILED) this.#drop(file, failures.get(index)!);
      else if (state === FILE_GREW) this.#readLarge(file, paths[index]!);
      else {
        const { mtimeNs, ctimeNs } = settled.get(index) ?? file.entry;
        const content = { ids: ids.slice(at, at + count), sizeBytes: done.sizes[index]!, mtimeNs, ctimeNs };
        this.#complete(file, { ...content, steady: state !== FILE_CHANGED });
      }
      at += count;
    }
  }

  #readLarge(file: OpenFile, path: string): void {
    this.#largeFiles += 1;
    const saving = this.#options.content.saveLargeFile(path).finally(() => {
      this.#largeFiles -= 1;
    });
    this.#track(
      saving.then(
        (saved) => this.#complete(file, saved),
        (error) => {
          // Only what the file itself caused is about this file; anything else ends the run.
          const code = systemCode(error);
          if (code === undefined) throw error;
          this.#drop(file, { code, message: String(error.message) });
        },
      ),
    );
  }

  #complete(file: OpenFile, saved: SavedContent): void {
    const { entry, isNew, xattrs, slot } = file;
    const { mtimeNs = entry.mtimeNs, ctimeNs = entry.ctimeNs, sizeBytes } = saved;
    if (!saved.steady) this.#warn('entry.changed', entry, 'changed while it was read');
    this.#options.tally.fileRead(entry, sizeBytes, isNew);
    slot.write({ ...entry, mtimeNs, ctimeNs, sizeBytes }, { content: saved.ids, xattrs });
  }

  #drop(file: OpenFile, failure: { readonly code: string; readonly message: string }): void {
    file.slot.omit();
    const { entry } = file;
    if (failure.code === 'ENOENT') this.#warn('entry.vanished', entry, 'vanished before it could be read');
    else if (failure.code === 'ELOOP' || failure.code === 'ENOTREG') {
      this.#warn('entry.changed', entry, 'is not a regular file any more');
    } else this.#warn('entry.unreadable', entry, `can not be read: ${failure.message}`);
  }

  #warn(code: string, { path }: Entry, message: string): void {
    this.#options.how.warn({ code, path, message });
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
