/** Hands the entries of a reading to the writer of file sources, and puts their content where that says. */
import { createHash, type Hash } from 'node:crypto';
import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { copyFile, link } from 'node:fs/promises';
import { systemClock } from '../../../base/clock.ts';
import { SuretyError } from '../../../base/errors.ts';
import { type Meter, metered, openMeter } from '../../../base/meter.ts';
import { displayName, systemPath } from '../../../base/names.ts';
import {
  BATCH_ENTRIES,
  type Content,
  type ContentHow,
  type Entry,
  type Placed,
  type Placement,
  type RestoredEntry,
  type Restoring,
} from '../../../sources/source.ts';
import { PlacedFile } from '../../placed-file.ts';
import { looksSame, type Update, type UpdateHow } from '../place.ts';
import { unreadWarning } from '../unread-warning.ts';

export interface FillingHow extends UpdateHow {
  /** Bytes a second at this moment; undefined: as fast as it goes. */
  readonly upload: () => number | undefined;
}

export class Filling {
  readonly hashes = new Map<string, string>();
  /** Content that was not to be had: the source warned of it. */
  readonly gone = new Set<string>();
  readonly unread: string[] = [];
  writtenBytes = 0;
  readonly #update: Update;
  readonly #baseFolder: string | undefined;
  readonly #how: FillingHow;
  readonly #meter: Meter;

  constructor(update: Update, baseFolder: string | undefined, how: FillingHow) {
    this.#update = update;
    this.#baseFolder = baseFolder;
    this.#how = how;
    this.#meter = openMeter(how.upload, systemClock);
  }

  restoring(): Restoring {
    return {
      facts: undefined,
      entries: () => restoredEntries(this.#update),
      place: (files, how) => this.#place(files, how),
      stream: () => {
        throw new SuretyError('repository.failed', 'content is placed, not streamed');
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** What looks the same is another name of the file in the copy that is there. */
  async *#place(files: readonly Placement[], how: ContentHow): AsyncGenerator<Placed> {
    const wanted: number[] = [];
    for (const [index, file] of files.entries()) {
      if (await this.#linked(file)) yield { index };
      else wanted.push(index);
    }
    const contents = this.#update.reading.content(
      // The very entries of the reading: it tells them by that.
      wanted.map((index) => files[index]!.entry.handle as Entry),
      how,
    );
    let at = 0;
    for await (const content of contents) {
      how.signal.throwIfAborted();
      const index = wanted[at++]!;
      yield await this.#fill(files[index]!, index, content);
      this.#how.progress(this.writtenBytes);
    }
  }

  async #linked({ entry, path }: Placement): Promise<boolean> {
    const { base } = this.#update;
    const known = base?.files.get(entry.path);
    if (this.#baseFolder === undefined || !looksSame(entry, known)) return false;
    // Other copies share the file: it can have one mode and owner only.
    if (known.mode !== entry.mode || known.uid !== entry.uid || known.gid !== entry.gid) return false;
    try {
      await link(systemPath(`${this.#baseFolder}/${entry.path}`), systemPath(path));
      return true;
    } catch {
      // No links on this file system, too many, or it is not there any more: then it is read.
      return false;
    }
  }

  async #fill(placement: Placement, index: number, content: Content): Promise<Placed> {
    const { entry } = placement;
    if (content.kind === 'gone') {
      this.gone.add(entry.path);
      return { index, error: vanished(entry) };
    }
    if (content.kind === 'path' && this.#how.upload() === undefined && !hasHoles(content.path)) {
      if (!(await this.#copied(content.path, placement))) return { index, error: vanished(entry) };
      this.writtenBytes += Math.max(0, entry.sizeBytes);
      return { index, unattributed: true };
    }
    const hash = createHash('sha256');
    const file = new PlacedFile(placement, index);
    const chunks = content.kind === 'path' ? createReadStream(systemPath(content.path)) : content.chunks;
    try {
      for await (const chunk of metered(chunks, this.#meter, this.#how.signal)) this.#add(file, hash, chunk);
    } catch (error) {
      const failed = file.remove(error);
      if (content.kind === 'path' && this.#isLeftOut(entry, content.path, error)) return failed;
      throw error;
    }
    this.hashes.set(entry.path, hash.digest('hex'));
    const placed = file.finish();
    // A source of another host knows attributes only when it has handed out the content.
    return entry.xattrs.length > 0 ? { ...placed, unattributed: true } : placed;
  }

  /** Of a file of this machine that is gone by now, or may not be read. */
  #isLeftOut(entry: Entry, from: string, error: unknown): boolean {
    const warning = unreadWarning(entry, error);
    const isUnreadable = warning?.code === 'entry.unreadable';
    if (warning === undefined || (isUnreadable && mayRead(from))) return false;
    if (isUnreadable) this.unread.push(entry.path);
    this.gone.add(entry.path);
    this.#how.warn(warning);
    return true;
  }

  /** False when it is gone by now, or may not be read. */
  async #copied(from: string, { entry, path }: Placement): Promise<boolean> {
    try {
      await copyFile(systemPath(from), systemPath(path));
      return true;
    } catch (error) {
      if (this.#isLeftOut(entry, from, error)) return false;
      throw error;
    }
  }

  #add(file: PlacedFile, hash: Hash, chunk: Uint8Array): void {
    hash.update(chunk);
    file.write(chunk);
    this.writtenBytes += chunk.length;
    this.#how.progress(this.writtenBytes);
  }
}

const BLOCK_BYTES = 512;

/** The system would fill them. */
function hasHoles(path: string): boolean {
  const stats = statSync(systemPath(path), { throwIfNoEntry: false });
  return stats !== undefined && stats.blocks * BLOCK_BYTES < stats.size;
}

/** What is forbidden may also be to write. */
function mayRead(path: string): boolean {
  try {
    accessSync(systemPath(path), constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function vanished({ path }: Entry): SuretyError {
  return new SuretyError('entry.vanished', `${displayName(path)} vanished before it was read`);
}

async function* restoredEntries({ entries, reading }: Update): AsyncGenerator<readonly RestoredEntry[]> {
  for (let at = 0; at < entries.length; at += BATCH_ENTRIES) {
    const batch = entries.slice(at, at + BATCH_ENTRIES);
    const xattrs = await reading.xattrs(batch);
    yield batch.map((entry, index) => ({ ...entry, xattrs: xattrs[index] ?? [], handle: entry }));
  }
}
