/** Makes a tree of files from a reading that no program can read by itself, with the writer of file sources. */
import { createHash, type Hash } from 'node:crypto';
import { copyFile, link } from 'node:fs/promises';
import { SuretyError, systemCode } from '../../../base/errors.ts';
import { displayName, systemPath } from '../../../base/names.ts';
import {
  BATCH_ENTRIES,
  type Content,
  type ContentHow,
  type Entry,
  type Placed,
  type Placement,
  type Reading,
  type RestoredEntry,
  type Restoring,
  type Source,
} from '../../../sources/source.ts';
import { PlacedFile } from '../../placed-file.ts';
import { looksSame, type Update, type UpdateHow } from '../place.ts';

export interface Written {
  readonly writtenBytes: number;
  /** Hashes of what came as streams, by path, as it was read. */
  readonly hashes: ReadonlyMap<string, string>;
}

/** `folder` is empty and that of the writer. `baseFolder` is the copy that `update.base` is about. */
export async function writeTree(
  writer: Source,
  update: Update,
  baseFolder: string | undefined,
  how: UpdateHow,
): Promise<Written> {
  const filling = new Filling(update, baseFolder, how);
  const report = await writer.write(filling.restoring(), {
    // Of what is gone the source, or who looked for it, has warned already; what failed fails the whole.
    warn: (warning) => (warning.code === 'entry.failed' ? undefined : how.warn(warning)),
    ...{ signal: how.signal, target: undefined, conflict: 'overwrite', dryRun: false },
  });
  const lost = report.failed.filter(({ path }) => !filling.gone.has(path));
  const [first] = lost;
  if (first !== undefined) {
    const more = lost.length > 1 ? `, and ${lost.length - 1} more` : '';
    throw new SuretyError('repository.failed', `${first.path} could not be mirrored${more}: ${first.error.message}`, {
      cause: first.error,
    });
  }
  return { writtenBytes: filling.writtenBytes, hashes: filling.hashes };
}

class Filling {
  readonly hashes = new Map<string, string>();
  /** Content that was not to be had: the source warned of it. */
  readonly gone = new Set<string>();
  writtenBytes = 0;
  readonly #update: Update;
  readonly #baseFolder: string | undefined;
  readonly #how: UpdateHow;

  constructor(update: Update, baseFolder: string | undefined, how: UpdateHow) {
    this.#update = update;
    this.#baseFolder = baseFolder;
    this.#how = how;
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
    if (content.kind === 'path') {
      if (!(await this.#copied(content.path, placement))) return { index, error: vanished(entry) };
      this.writtenBytes += Math.max(0, entry.sizeBytes);
      return { index, unattributed: true };
    }
    const hash = createHash('sha256');
    const file = new PlacedFile(placement, index);
    try {
      for await (const chunk of content.chunks) this.#add(file, hash, chunk);
    } catch (error) {
      file.remove(error);
      throw error;
    }
    this.hashes.set(entry.path, hash.digest('hex'));
    const placed = file.finish();
    // A source of another host knows attributes only when it has handed out the content.
    return entry.xattrs.length > 0 ? { ...placed, unattributed: true } : placed;
  }

  /** False when it vanished before it was read. */
  async #copied(from: string, { entry, path }: Placement): Promise<boolean> {
    try {
      await copyFile(systemPath(from), systemPath(path));
      return true;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      this.gone.add(entry.path);
      this.#how.warn({ code: 'entry.vanished', path: entry.path, message: vanished(entry).message });
      return false;
    }
  }

  #add(file: PlacedFile, hash: Hash, chunk: Uint8Array): void {
    hash.update(chunk);
    file.write(chunk);
    this.writtenBytes += chunk.length;
    this.#how.progress(this.writtenBytes);
  }
}

function vanished({ path }: Entry): SuretyError {
  return new SuretyError('entry.vanished', `${displayName(path)} vanished before it was read`);
}

async function* restoredEntries({ entries, reading }: Update): AsyncGenerator<readonly RestoredEntry[]> {
  for (let at = 0; at < entries.length; at += BATCH_ENTRIES) {
    const batch = entries.slice(at, at + BATCH_ENTRIES);
    const xattrs = await xattrsOf(reading, batch);
    yield batch.map((entry, index) => ({ ...entry, xattrs: xattrs[index] ?? [], handle: entry }));
  }
}

async function xattrsOf(reading: Reading, entries: readonly Entry[]) {
  return await reading.xattrs(entries);
}
