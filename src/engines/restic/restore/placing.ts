/** What has become of each file of a batch. */
import { systemPath } from '../../../base/names.ts';
import type { Placed, Placement } from '../../../sources/source.ts';
import { FILE_DAMAGED, FILE_FAILED, FILE_OK } from './messages.ts';
import type { Read, Uses, WantedUses } from './plan.ts';
import { closeFile, createFile, openCreated, removeCreated, setAttributes, setLength } from './write-file.ts';

export class Placing {
  readonly files: readonly Placement[];
  readonly uses: Uses;
  /** Files with a blob that could not be had in the ordinary way; nothing is left of them on the disk. */
  readonly damaged: number[] = [];
  readonly #report: (placed: Placed) => void;
  readonly #states: Uint8Array;
  readonly #left: Int32Array;
  readonly #errors = new Map<number, Error>();
  /** Files of several tasks, created here and not complete. */
  readonly #incomplete = new Set<number>();

  constructor(files: readonly Placement[], uses: Uses, report: (placed: Placed) => void) {
    this.files = files;
    this.uses = uses;
    this.#report = report;
    this.#states = new Uint8Array(files.length);
    this.#left = uses.perFile.slice();
  }

  /**
   * The uses that a read is to serve. A file that is not all in this read is created, so that whichever worker comes first finds
   * it; what belongs to a file that has failed is left out.
   */
  wanted({ from, to }: Read): WantedUses {
    const counts = new Map<number, number>();
    for (let at = from; at < to; at++) {
      const file = this.uses.files[this.uses.order[at]!]!;
      counts.set(file, (counts.get(file) ?? 0) + 1);
    }
    const files: number[] = [];
    for (const [file, count] of counts) {
      if (count !== this.uses.perFile[file] && this.#states[file] === FILE_OK) this.#create(file);
      if (this.#states[file] === FILE_OK) files.push(file);
      else this.#account(file, count);
    }
    const isWanted = new Set(files);
    const uses: number[] = [];
    for (let at = from; at < to; at++) {
      const use = this.uses.order[at]!;
      if (isWanted.has(this.uses.files[use]!)) uses.push(use);
    }
    return { uses, files };
  }

  #create(file: number): void {
    if (this.#incomplete.has(file)) return;
    try {
      const fd = createFile(this.#path(file));
      this.#incomplete.add(file);
      try {
        setLength(fd, this.uses.sizes[file]!);
      } finally {
        closeFile(fd);
      }
    } catch (error) {
      this.#setState(file, FILE_FAILED, error as Error);
    }
  }

  /** A task wrote all of a file, or what it could. */
  settleWhole(file: number, state: number, error: Error | undefined, unattributed: boolean): void {
    if (state === FILE_DAMAGED) this.damaged.push(file);
    else if (state === FILE_FAILED) this.fail(file, error ?? new Error('it could not be written'));
    else this.succeed(file, unattributed);
  }

  /** A task wrote so many blobs of a file. */
  settlePart(file: number, uses: number, state: number, error: Error | undefined): void {
    if (state !== FILE_OK) this.#setState(file, state, error);
    this.#account(file, uses);
  }

  /** So many blobs of a file could not be read. */
  markDamaged(file: number, uses: number): void {
    this.#setState(file, FILE_DAMAGED, undefined);
    this.#account(file, uses);
  }

  succeed(file: number, unattributed: boolean): void {
    this.#report(unattributed ? { index: file, unattributed } : { index: file });
  }

  fail(file: number, error: Error): void {
    this.#report({ index: file, error });
  }

  /** Sets what the placement says on a complete file. False when that did not work; the file is complete all the same. */
  attribute(file: number, fd: number): boolean {
    const { attributes } = this.files[file]!;
    if (attributes === undefined) return true;
    try {
      setAttributes(fd, attributes);
      return true;
    } catch {
      return false;
    }
  }

  /** When the work ended early: nothing half-written stays. */
  removeIncomplete(): void {
    for (const file of this.#incomplete) removeCreated(this.#path(file));
    this.#incomplete.clear();
  }

  /** A failure weighs more than damage: it can not be repaired by reading again. */
  #setState(file: number, state: number, error: Error | undefined): void {
    this.#states[file] = Math.max(this.#states[file]!, state);
    if (error !== undefined && !this.#errors.has(file)) this.#errors.set(file, error);
  }

  #account(file: number, uses: number): void {
    this.#left[file]! -= uses;
    if (this.#left[file] === 0) this.#finish(file);
  }

  #finish(file: number): void {
    if (this.#states[file] === FILE_OK) {
      this.#complete(file);
      return;
    }
    if (this.#incomplete.delete(file)) removeCreated(this.#path(file));
    const error = this.#errors.get(file);
    if (this.#states[file] === FILE_FAILED) this.fail(file, error ?? new Error('it could not be written'));
    else this.damaged.push(file);
  }

  #complete(file: number): void {
    let attributed = true;
    if (this.files[file]!.attributes !== undefined) {
      try {
        const fd = openCreated(this.#path(file));
        attributed = this.attribute(file, fd);
        closeFile(fd);
      } catch {
        attributed = false;
      }
    }
    this.#incomplete.delete(file);
    this.succeed(file, !attributed);
  }

  #path(file: number): string | Uint8Array {
    return systemPath(this.files[file]!.path);
  }
}
