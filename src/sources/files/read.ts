import { type BigIntStats, existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { readOwners } from '../../base/owners.ts';
import type { Content, ContentHow, Entry, ReadHow, Reading, ReadingTree, SourceFacts, Xattr } from '../source.ts';
import { checkRoots, lookAtRoot, unmounted } from './check.ts';
import { type ForeignFile, pathsElsewhere } from './elsewhere.ts';
import { checkEmptied, emptied, hadContent, onlyDirectories } from './emptied.ts';
import { throughLinks } from './entry.ts';
import { compileExclusion } from './exclude.ts';
import { localView } from './local-view.ts';
import { checkNestedMounts, type MountWatch, watchMounts } from './nested-mounts.ts';
import type { FilesOptions } from './options.ts';
import { join, type Root, type Roots } from './roots.ts';
import { type WalkHow, walk } from './walk.ts';
import { WalkThread } from './walk-thread.ts';
import { type XattrReader, xattrReader } from './xattrs.ts';

export interface FilesPlace {
  /** Name of the source. */
  readonly name: string;
  /** Name of the host it is on. */
  readonly host: string;
  readonly options: FilesOptions;
  readonly roots: Roots;
  /** The folder that relative paths are relative to. */
  readonly baseDir: string;
  /** What other sources protect. */
  readonly foreign: readonly ForeignFile[];
}

/** From so many files on a thread of its own pays for the walk. */
const THREAD_FILES = 10_000;

/** After so many batches the event loop gets its turn: timers and signals do not wait for a large tree. */
const BATCHES_PER_TURN = 8;

/** Begins to read the roots. Throws `source.missing`, `source.unreadable`, `source.unmounted` or `source.empty`. */
export function readFiles(place: FilesPlace, how: ReadHow): Reading {
  const { all } = place.roots;
  const mounts = checkRoots(place.name, all, place.options.requireMount, how.previous?.mounts ?? []);
  const elsewhere = pathsElsewhere(place.roots, place.foreign);
  checkEmptied(place.name, place.roots, compileExclusion(place.options.exclude, elsewhere), how.previous);
  return new FilesReading(place, how, mounts, elsewhere);
}

class FilesReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly tree: ReadingTree;
  readonly #place: FilesPlace;
  readonly #how: ReadHow;
  readonly #mounts: readonly string[];
  readonly #devices: readonly bigint[];
  readonly #readXattrs: XattrReader;
  readonly #elsewhere: ReadonlySet<string>;
  readonly #emptyRoots: Root[] = [];
  readonly #thread: WalkThread | undefined;
  readonly #nested: MountWatch;
  /** A tree of links is not empty; one of directories may be what a missing disk leaves. */
  #hasOtherThanDirs = false;
  #files = 0;
  #sizeBytes = 0;

  constructor(place: FilesPlace, how: ReadHow, mounts: readonly string[], elsewhere: ReadonlySet<string>) {
    this.#place = place;
    this.#how = how;
    this.#mounts = mounts;
    this.host = place.host;
    this.paths = place.roots.all.map((root) => root.shown);
    this.tree = { shell: undefined, locate: (entryPath) => place.roots.locate(entryPath) };
    this.#devices = place.roots.all.map((root) => lookAtRoot(place.name, root).dev);
    this.#readXattrs = xattrReader(how.warn);
    this.#elsewhere = elsewhere;
    this.#nested = watchMounts(place.roots);
    const isLarge = (how.previous?.files ?? 0) >= THREAD_FILES;
    const { name, options, baseDir } = place;
    this.#thread = isLarge ? new WalkThread({ source: name, options, baseDir, elsewhere: this.#elsewhere }) : undefined;
  }

  async *entries(): AsyncIterable<readonly Entry[]> {
    for await (const batch of this.#thread === undefined ? this.#walkHere() : this.#walkThere(this.#thread)) {
      this.#how.signal.throwIfAborted();
      this.#nested.see(batch);
      for (const entry of batch) {
        if (entry.type !== 'dir') this.#hasOtherThanDirs = true;
        if (entry.type !== 'file') continue;
        this.#files += 1;
        this.#sizeBytes += entry.sizeBytes;
      }
      yield batch;
    }
    this.#how.signal.throwIfAborted();
  }

  #walkThere(thread: WalkThread): AsyncIterable<readonly Entry[]> {
    const { signal, warn } = this.#how;
    const onEmptyRoot = (index: number): void => this.#onEmptyRoot(this.#place.roots.all[index]!);
    return thread.entries({ owners: readOwners(), signal, warn, onEmptyRoot });
  }

  async *#walkHere(): AsyncIterable<readonly Entry[]> {
    let batches = 0;
    for (const batch of walk(this.#walkHow())) {
      yield batch;
      batches += 1;
      if (batches % BATCHES_PER_TURN === 0) await setImmediate();
    }
  }

  #walkHow(): WalkHow<BigIntStats> {
    const { name, options, roots } = this.#place;
    return {
      source: name,
      roots,
      exclusion: compileExclusion(options.exclude, this.#elsewhere),
      excludeCaches: options.excludeCaches,
      largerThanBytes: options.largerThanBytes,
      oneFileSystem: options.oneFileSystem,
      view: localView(name, readOwners()),
      warn: this.#how.warn,
      onEmptyRoot: (root) => this.#onEmptyRoot(root),
    };
  }

  /** A root that lost everything is found here, before the engine takes the content of the others. */
  #onEmptyRoot(root: Root): void {
    this.#emptyRoots.push(root);
    const { previous } = this.#how;
    if (hadContent(root, previous)) throw emptied(this.#place.name, join(root.base, root.entryPath), previous);
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] {
    return entries.map((entry) => this.#readXattrs(entry.path, this.#locate(entry)));
  }

  *content(entries: readonly Entry[], _how: ContentHow): Iterable<Content> {
    for (const entry of entries) yield { kind: 'path', path: this.#locate(entry) };
  }

  /** Links that lead to a root were followed, so it is what they lead to that has the content and attributes. */
  #locate(entry: Entry): string {
    const { roots } = this.#place;
    const path = roots.locate(entry.path)!;
    return roots.standing(entry.path) === 'other' ? path : throughLinks(path);
  }

  async finish(): Promise<SourceFacts> {
    this.#checkStillThere();
    const { previous } = this.#how;
    const { name, options, roots } = this.#place;
    if (!options.oneFileSystem) checkNestedMounts(name, roots, previous?.nestedMounts ?? []);
    const isLost = !this.#hasOtherThanDirs && (previous?.files ?? 0) > 0 && ![...this.#elsewhere].some(existsSync);
    if (isLost) throw onlyDirectories(name, previous);
    return {
      kind: 'files',
      versions: {},
      files: this.#files,
      sizeBytes: this.#sizeBytes,
      mounts: this.#mounts,
      // What is mounted below is not backed up when one file system is all that is wanted.
      ...(options.oneFileSystem || this.#nested.seen.length === 0 ? {} : { nestedMounts: this.#nested.seen }),
      emptyRoots: this.#emptyRoots.map((root) => root.shown),
    };
  }

  /** A disk that went away while it was read makes all that was not reached look deleted. */
  #checkStillThere(): void {
    for (const [index, root] of this.#place.roots.all.entries()) {
      if (lookAtRoot(this.#place.name, root).dev !== this.#devices[index])
        throw unmounted(this.#place.name, join(root.base, root.entryPath));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.[Symbol.asyncDispose]();
  }
}
