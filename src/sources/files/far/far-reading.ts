import { setImmediate } from 'node:timers/promises';
import { SuretyError } from '../../../base/errors.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { Content, ContentHow, Entry, ReadHow, Reading, ReadingTree, SourceFacts, Xattr } from '../../source.ts';
import { unmounted } from '../check.ts';
import { emptied, hadContent, onlyDirectories } from '../emptied.ts';
import { compileExclusion, type Exclusion } from '../exclude.ts';
import { type MountWatch, watchMounts } from '../nested-mounts.ts';
import type { FilesOptions } from '../options.ts';
import type { Root, Roots } from '../roots.ts';
import { walk } from '../walk.ts';
import { FarContent } from './far-content.ts';
import { checkFarMounts, checkFarRoots, checkStillThere, devicesOf, type FarRootsHow } from './far-roots.ts';
import { FarTouched } from './far-touched.ts';
import { farView } from './far-view.ts';
import { type Listing, list, type WholeListing } from './listing.ts';
import type { FarHead, ListingParser } from './listing-parser.ts';
import type { Start } from './starts.ts';
import { warnOfStrays } from './stray-warnings.ts';
import type { TarDialect } from './tar-dialect.ts';

export interface FarReadingHow {
  readonly name: string;
  readonly host: string;
  readonly reach: Reach;
  /** Who answered when the reading began; undefined: that does not become another. */
  readonly who: string | undefined;
  readonly folder: string | undefined;
  readonly options: FilesOptions;
  readonly prune: readonly string[];
  /** With the absolute paths there. */
  readonly roots: Roots;
  readonly starts: readonly Start[];
  /** Absolute paths there that other sources protect. */
  readonly elsewhere: ReadonlySet<string>;
  readonly listing: Listing;
  readonly parser: ListingParser & { readonly head: FarHead };
  readonly dialect: TarDialect;
  readonly how: ReadHow;
  /** Ends the listing. */
  readonly ended: AbortController;
}

/** Every request takes a round trip at least; what is asked for at once comes in one. */
const ASK_AHEAD = 16_384;

/** After so many batches the event loop gets its turn. */
const BATCHES_PER_TURN = 8;

/** File trees of another host being read: listed by one command, and what is asked for comes in streams of `tar`. */
export class FarReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly askAhead = ASK_AHEAD;
  readonly tree: ReadingTree | undefined;
  readonly #to: FarReadingHow;
  readonly #mounts: readonly string[];
  readonly #devices: ReadonlyMap<Root, bigint>;
  readonly compare: Reading['compare'];
  readonly #content: FarContent;
  readonly #touched: FarTouched | undefined;
  readonly #exclusion: Exclusion;
  readonly #nested: MountWatch;
  readonly #emptyRoots: Root[] = [];
  #listed: WholeListing | undefined;
  #isElsewhereSeen = false;
  #hasOtherThanDirs = false;
  #files = 0;
  #sizeBytes = 0;

  /** Throws `source.missing`, `source.unreadable` or `source.unmounted`. */
  constructor(to: FarReadingHow) {
    this.#to = to;
    const { name, reach, roots, how, parser, starts } = to;
    this.host = to.host;
    this.paths = roots.all.map((root) => root.shown);
    const { requireMount } = to.options;
    this.#mounts = checkFarRoots(this.#rootsHow(parser), requireMount, how.previous?.mounts ?? []);
    this.#devices = devicesOf(this.#rootsHow(parser));
    const locate = (entryPath: string): string | undefined => roots.locate(entryPath);
    // Without a shell only this process finds the way to another host.
    const isInReach = reach.traits.localFiles || reach.shell !== undefined;
    this.tree = isInReach ? { shell: reach.shell, locate } : undefined;
    const there = {
      ...{ source: name, reach, folder: to.folder, dialect: to.dialect },
      pathOf: (entry: Entry) => pathThere(roots, starts, entry.path),
      isFollowed: (entry: Entry) => roots.standing(entry.path) !== 'other',
    };
    this.#content = new FarContent({ ...there, warn: how.warn });
    const { options } = to;
    const touched = new FarTouched({ ...there, options, head: parser.head, alive: how.alive });
    this.#touched = options.compareTouched ? touched : undefined;
    if (options.compareTouched && touched.obstacle === undefined)
      this.compare = (files, { signal }) => touched.compare(files, this.#signal(signal));
    const own = compileExclusion(to.options.exclude, to.elsewhere);
    this.#exclusion = {
      excludes: (absolute, base, isDirectory) => own.excludes(absolute, base, isDirectory),
      isElsewhere: (absolute) => {
        const isSo = own.isElsewhere(absolute);
        if (isSo) this.#isElsewhereSeen = true;
        return isSo;
      },
    };
    this.#nested = watchMounts(roots);
  }

  #rootsHow(parser: ListingParser): FarRootsHow {
    const { name, starts, roots } = this.#to;
    return { source: name, parser, starts, roots };
  }

  async *entries(): AsyncIterable<readonly Entry[]> {
    const { name, options, roots, starts, how, listing } = this.#to;
    this.#listed = await listing.whole;
    const { parser, strays, owners } = this.#listed;
    checkStillThere(this.#rootsHow(parser));
    warnOfStrays(strays, { host: this.host, roots, exclusion: this.#exclusion, warn: how.warn });
    const view = farView({ source: name, parser, starts, owners, locate: (path) => roots.locate(path)! });
    const batches = walk({
      ...{ view, source: name, roots, exclusion: this.#exclusion, warn: how.warn },
      excludeCaches: options.excludeCaches,
      largerThanBytes: options.largerThanBytes,
      oneFileSystem: options.oneFileSystem,
      onEmptyRoot: (root) => this.#onEmptyRoot(root),
    });
    let taken = 0;
    for (const batch of batches) {
      how.signal.throwIfAborted();
      this.#see(batch);
      yield batch;
      taken += 1;
      if (taken % BATCHES_PER_TURN === 0) await setImmediate();
    }
    how.signal.throwIfAborted();
  }

  #see(batch: readonly Entry[]): void {
    this.#nested.see(batch);
    for (const { type, sizeBytes } of batch) {
      if (type !== 'dir') this.#hasOtherThanDirs = true;
      if (type !== 'file') continue;
      this.#files += 1;
      this.#sizeBytes += sizeBytes;
    }
  }

  #onEmptyRoot(root: Root): void {
    this.#emptyRoots.push(root);
    const { name, roots, how } = this.#to;
    if (hadContent(root, how.previous)) throw emptied(name, roots.locate(root.entryPath)!, how.previous);
  }

  xattrs(entries: readonly Entry[]): Promise<readonly (readonly Xattr[])[]> {
    return this.#content.xattrs(entries, this.#signal(this.#to.how.signal));
  }

  content(entries: readonly Entry[], { signal }: ContentHow): AsyncIterable<Content> {
    return this.#content.content(entries, this.#signal(signal));
  }

  #signal(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#to.ended.signal]);
  }

  async finish(): Promise<SourceFacts> {
    const { name, options, how } = this.#to;
    const { previous } = how;
    await this.#requireTheSame();
    if (this.#content.goneFiles > 0) await this.#lookAgain();
    const parser = this.#listed?.parser;
    if (!options.oneFileSystem && parser !== undefined)
      checkFarMounts(this.#rootsHow(parser), previous?.nestedMounts ?? []);
    const isLost = !this.#hasOtherThanDirs && (previous?.files ?? 0) > 0 && !this.#isElsewhereSeen;
    if (isLost) throw onlyDirectories(name, previous);
    const nested = this.#nested.seen;
    return {
      kind: 'files',
      versions: {},
      files: this.#files,
      sizeBytes: this.#sizeBytes,
      mounts: this.#mounts,
      ...(options.oneFileSystem || nested.length === 0 ? {} : { nestedMounts: nested }),
      emptyRoots: this.#emptyRoots.map((root) => root.shown),
      ...(this.#notes.length === 0 ? {} : { notes: this.#notes }),
    };
  }

  get #notes(): string[] {
    const { dialect, host } = this.#to;
    const obstacle = this.#touched?.obstacle;
    return [
      ...(dialect.hasXattrs
        ? []
        : [`extended attributes and ACLs are not in it: the tar of host ${host} does not tell them`]),
      ...(obstacle === undefined ? [] : [`what was touched comes whole: host ${host} ${obstacle}`]),
    ];
  }

  /** Files of one pod are no state together with those of the pod that took its place. */
  async #requireTheSame(): Promise<void> {
    const { name, reach, who, how } = this.#to;
    if (who === undefined) return;
    const now = await reach.identity?.({ signal: how.signal });
    if (now?.key === who) return;
    throw new SuretyError(
      'source.incomplete',
      `source ${name} was read by half: another took the place of host ${this.host} meanwhile`,
      { hint: 'run it again', retry: 'later' },
    );
  }

  /** A disk that went away since the listing makes all that was not read look deleted. */
  async #lookAgain(): Promise<void> {
    const { name, reach, folder, roots, options, starts, how } = this.#to;
    const again = starts.map((start) => ({ ...start, isListed: false }));
    const listed = { source: name, reach, folder, starts: again, options, prune: [], signal: how.signal };
    const { parser } = await list(listed).whole;
    checkFarRoots(this.#rootsHow(parser), false, []);
    for (const [root, device] of devicesOf(this.#rootsHow(parser))) {
      if (this.#devices.get(root) !== device) throw unmounted(name, roots.locate(root.entryPath)!);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#to.ended.abort(new Error('the reading has ended'));
  }
}

/** As the programs there are given it: below the folder in which they begin, or absolute. Never begins with a dash. */
function pathThere(roots: Roots, starts: readonly Start[], entryPath: string): string {
  const owner = starts.findLast(
    (start) => start.entryPath === '' || entryPath === start.entryPath || entryPath.startsWith(`${start.entryPath}/`),
  );
  if (owner === undefined) return roots.locate(entryPath)!;
  return owner.path.startsWith('/') ? `/${entryPath}` : `./${entryPath}`;
}
