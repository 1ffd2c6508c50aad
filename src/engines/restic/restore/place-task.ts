import { messageOf, systemCode } from '../../../base/errors.ts';
import type { BlobOpener } from '../blob-reader.ts';
import type { BlobTable } from '../blob-table.ts';
import { DIRECT_BYTES, DirectRun } from './direct-run.ts';
import { FILE_DAMAGED, FILE_FAILED, FILE_OK, type FileFailure, type PlaceDone, type PlaceTask } from './messages.ts';
import {
  closeFile,
  createFile,
  openCreated,
  removeCreated,
  setAttributes,
  setLength,
  writeContent,
} from './write-file.ts';

/** Files kept open between two blobs of theirs. */
const OPEN_MAX = 64;

/** Carries out a task on its bytes: every blob is opened once, which overwrites it there, and written to all its places. */
export function runPlaceTask(task: PlaceTask, bytes: ArrayBufferLike, table: BlobTable, opener: BlobOpener): PlaceDone {
  return new PlaceRun(task).run(bytes, table, opener);
}

class PlaceRun {
  readonly #task: PlaceTask;
  readonly #states: Uint8Array;
  readonly #left: Int32Array;
  readonly #ends: Float64Array;
  readonly #created: Uint8Array;
  readonly #open = new Map<number, number>();
  readonly #failures: FileFailure[] = [];
  readonly #unattributed: number[] = [];
  /** What is collected of a large file and not written yet. */
  #pending: DirectRun | undefined;

  constructor(task: PlaceTask) {
    const { length } = task.files.paths;
    this.#task = task;
    this.#states = new Uint8Array(length);
    this.#left = task.files.uses.slice();
    this.#ends = new Float64Array(length);
    this.#created = new Uint8Array(length);
  }

  run(bytes: ArrayBufferLike, table: BlobTable, opener: BlobOpener): PlaceDone {
    const { task, offset, entries, useCounts, useFiles, usePositions } = this.#task;
    this.#writeEmptyFiles();
    let use = 0;
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at]!;
      const sealed = new Uint8Array(bytes, table.offsetOf(entry) - offset, table.lengthOf(entry));
      const plain = opener.open(sealed, table.rawLengthOf(entry), table.idOf(entry));
      for (const end = use + useCounts[at]!; use < end; use++) {
        const file = useFiles[use]!;
        if (typeof plain !== 'string') this.#write(file, plain, usePositions[use]!);
        else if (this.#states[file] === FILE_OK) this.#states[file] = FILE_DAMAGED;
        this.#left[file]! -= 1;
        if (this.#left[file] === 0) this.#finish(file);
      }
    }
    return { kind: 'placed', task, states: this.#states, failures: this.#failures, unattributed: this.#unattributed };
  }

  #writeEmptyFiles(): void {
    for (let file = 0; file < this.#left.length; file++) {
      if (this.#left[file] !== 0) continue;
      this.#attempt(file, () => this.#opened(file));
      this.#finish(file);
    }
  }

  #write(file: number, plain: Uint8Array, position: number): void {
    if (this.#states[file] !== FILE_OK) return;
    this.#attempt(file, () => {
      if (this.#task.files.sizes[file]! >= DIRECT_BYTES) this.#collect(file, plain, position);
      else this.#setEnd(file, writeContent(this.#opened(file), plain, position));
    });
  }

  #collect(file: number, plain: Uint8Array, position: number): void {
    if (this.#pending?.file !== file || this.#pending.position !== position) this.#writePending();
    this.#pending ??= new DirectRun(file, this.#opened(file), position);
    this.#pending.add(plain);
  }

  /** What goes wrong is told of the file that it belongs to, which need not be the one at hand. */
  #writePending(): void {
    const run = this.#pending;
    this.#pending = undefined;
    if (run === undefined) return;
    if (this.#states[run.file] !== FILE_OK) run.abandon();
    else this.#attempt(run.file, () => this.#setEnd(run.file, run.end()));
  }

  #setEnd(file: number, end: number): void {
    if (end > this.#ends[file]!) this.#ends[file] = end;
  }

  /** The open file; of a whole file, created at the first call. */
  #opened(file: number): number {
    const known = this.#open.get(file);
    if (known !== undefined) return known;
    const { paths, whole } = this.#task.files;
    const path = paths[file]!;
    const isNew = whole[file] === 1 && this.#created[file] === 0;
    const fd = isNew ? createFile(path) : openCreated(path);
    if (isNew) this.#created[file] = 1;
    this.#open.set(file, fd);
    if (this.#open.size > OPEN_MAX) this.#closeOldest();
    return fd;
  }

  #closeOldest(): void {
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#attempt(oldest, () => this.#close(oldest));
  }

  #close(file: number): void {
    if (this.#pending?.file === file) this.#writePending();
    const fd = this.#open.get(file);
    if (fd === undefined) return;
    this.#open.delete(file);
    closeFile(fd);
  }

  /** After the last use of a file in this task. */
  #finish(file: number): void {
    if (this.#pending?.file === file) this.#writePending();
    const isWhole = this.#task.files.whole[file] === 1;
    if (isWhole && this.#states[file] === FILE_OK) this.#attempt(file, () => this.#complete(file));
    this.#attempt(file, () => this.#close(file));
    if (isWhole && this.#states[file] !== FILE_OK && this.#created[file] === 1)
      removeCreated(this.#task.files.paths[file]!);
  }

  #complete(file: number): void {
    const { sizes, withAttributes } = this.#task.files;
    const fd = this.#opened(file);
    if (this.#ends[file]! < sizes[file]!) setLength(fd, sizes[file]!);
    if (withAttributes[file] === 0) return;
    try {
      setAttributes(fd, this.#attributesOf(file));
    } catch {
      this.#unattributed.push(file);
    }
  }

  #attributesOf(file: number): Parameters<typeof setAttributes>[1] {
    const { uids, gids, modes, mtimesNs } = this.#task.files;
    const owner = uids[file]! < 0 ? undefined : { uid: uids[file]!, gid: gids[file]! };
    return { owner, mode: modes[file]!, mtimeNs: mtimesNs[file]! };
  }

  #attempt(file: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (this.#states[file] === FILE_FAILED) return;
      this.#states[file] = FILE_FAILED;
      this.#failures.push({ file, code: systemCode(error) ?? '', message: messageOf(error) });
    }
  }
}
