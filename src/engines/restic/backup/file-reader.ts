import { systemCode } from '../../../base/errors.ts';
import { systemPath } from '../../../base/names.ts';
import type { Content, Entry, Warning, Xattr } from '../../../sources/source.ts';
import { type ContentStore, hexIds, type SavedContent } from './content-store.ts';
import type { Failure } from './failure.ts';
import {
  FILE_CHANGED,
  FILE_FAILED,
  FILE_GREW,
  type FilesDone,
  SEGMENT_BYTES,
  SMALL_CONTENT_BYTES,
} from './messages.ts';
import { SmallContents } from './small-contents.ts';
import type { Tally } from './tally.ts';
import type { NodeSlot } from './tree-writer.ts';

/** A task of small files is sent when it has so many, or so many bytes. */
const TASK_FILES = 256;
const TASK_BYTES = 4 * 1024 * 1024;
/** How many large files may be under way or waiting for their turn. */
const LARGE_FILES = 4;

/** A file whose content is to be read, and the place of its node. */
export interface OpenFile {
  readonly entry: Entry;
  readonly slot: NodeSlot;
  readonly isNew: boolean;
  xattrs: readonly Xattr[];
}

export interface FileReaderOptions {
  readonly content: ContentStore;
  readonly tally: Tally;
  readonly failure: Failure;
  readonly warn: (warning: Warning) => void;
}

/** Has the content of files saved, and completes their nodes. */
export class FileReader {
  readonly #content: ContentStore;
  readonly #tally: Tally;
  readonly #failure: Failure;
  readonly #warnAbout: (warning: Warning) => void;
  readonly #small = new SmallContents<OpenFile>();
  readonly #inFlight = new Set<Promise<void>>();
  #files: OpenFile[] = [];
  #paths: string[] = [];
  #bytes = 0;
  #largeFiles = 0;

  constructor({ content, tally, failure, warn }: FileReaderOptions) {
    this.#content = content;
    this.#tally = tally;
    this.#failure = failure;
    this.#warnAbout = warn;
  }

  /** Resolves when all files that were taken are complete. */
  async finish(): Promise<void> {
    await this.#sendFiles();
    await this.#sendSmall();
    while (this.#inFlight.size > 0) await this.#failure.during(Promise.race(this.#inFlight));
    this.#failure.throwIfAny();
  }

  /** Takes over a file. Resolves when the next one can be taken: what is in flight is bounded by the workers' queue. */
  async take(file: OpenFile, content: Content): Promise<void> {
    if (content.kind === 'gone') file.slot.omit();
    else if (content.kind === 'stream') await this.#takeStream(file, content.chunks);
    else if (file.entry.sizeBytes > SEGMENT_BYTES) {
      while (this.#largeFiles >= LARGE_FILES) await this.#failure.during(Promise.race(this.#inFlight));
      this.#readLarge(file, content.path);
    } else {
      this.#files.push(file);
      this.#paths.push(content.path);
      this.#bytes += file.entry.sizeBytes;
      if (this.#files.length >= TASK_FILES || this.#bytes >= TASK_BYTES) await this.#sendFiles();
    }
  }

  /** Small files go to a worker together, and nobody waits for each of them. */
  async #takeStream(file: OpenFile, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { sizeBytes } = file.entry;
    const rest = sizeBytes < 0 || sizeBytes > SMALL_CONTENT_BYTES ? chunks : await this.#small.take(file, chunks);
    if (rest !== undefined) this.#complete(file, await this.#failure.during(this.#content.saveStream(rest)));
    else if (this.#small.isFull()) await this.#sendSmall();
  }

  async #sendSmall(): Promise<void> {
    const { files, sizes, buffer } = this.#small.send();
    if (files.length === 0) return;
    await this.#failure.during(this.#content.ready());
    const saving = this.#content.saveContents(buffer, sizes);
    this.#track(
      saving.then((done) => {
        this.#small.reuse(done.buffer);
        const ids = hexIds(done.ids);
        let at = 0;
        for (const [index, file] of files.entries()) {
          const count = done.counts[index]!;
          this.#complete(file, { ids: ids.slice(at, at + count), sizeBytes: sizes[index]!, steady: true });
          at += count;
        }
      }),
    );
  }

  async #sendFiles(): Promise<void> {
    if (this.#files.length === 0) return;
    const files = this.#files;
    const paths = this.#paths;
    this.#files = [];
    this.#paths = [];
    this.#bytes = 0;
    await this.#failure.during(this.#content.ready());
    const saving = this.#content.saveFiles({
      paths: paths.map(systemPath),
      sizes: Float64Array.from(files, ({ entry }) => entry.sizeBytes),
      mtimesNs: BigInt64Array.from(files, ({ entry }) => entry.mtimeNs),
    });
    this.#track(saving.then((done) => this.#completeAll(files, paths, done)));
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(this.#failure.report);
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
    const saving = this.#content.saveLargeFile(path).finally(() => {
      this.#largeFiles -= 1;
    });
    this.#track(
      saving.then(
        (saved) => this.#complete(file, saved),
        (error) => {
          // Only what the system says of the file itself is about this file; anything else ends the run.
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
    this.#tally.fileRead(entry, sizeBytes, isNew);
    slot.write({ ...entry, mtimeNs, ctimeNs, sizeBytes }, { content: saved.ids, xattrs });
  }

  #drop(file: OpenFile, failure: { readonly code: string; readonly message: string }): void {
    file.slot.omit();
    const { entry } = file;
    if (failure.code === 'ENOENT') this.#warn('entry.vanished', entry, 'vanished before it could be read');
    else if (failure.code === 'ELOOP' || failure.code === 'ENOTREG') {
      this.#warn('entry.changed', entry, 'is not a regular file any more');
    } else {
      const denied = failure.code === 'EACCES' || failure.code === 'EPERM';
      this.#warn('entry.unreadable', entry, `can not be read: ${denied ? 'permission denied' : failure.message}`);
    }
  }

  #warn(code: string, { path }: Entry, message: string): void {
    this.#warnAbout({ code, path, message });
  }
}
