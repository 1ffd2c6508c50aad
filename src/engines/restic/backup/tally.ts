import type { Entry } from '../../../sources/source.ts';
import type { Progress } from '../../engine.ts';

const PROGRESS_EVERY_MS = 100;

/** Counts what a backup does, and tells progress now and then. */
export class Tally {
  filesNew = 0;
  filesChanged = 0;
  filesUnmodified = 0;
  dirs = 0;
  others = 0;
  sizeBytes = 0;
  /** The latest modification time of a file. */
  newestNs = 0n;
  readonly #progress: ((progress: Progress) => void) | undefined;
  readonly #nowMs: () => number;
  #toldMs = 0;
  /** Bytes of files and streams that are saved in part. */
  #partBytes = 0;

  constructor(progress: ((progress: Progress) => void) | undefined, nowMs: () => number) {
    this.#progress = progress;
    this.#nowMs = nowMs;
  }

  get files(): number {
    return this.filesNew + this.filesChanged + this.filesUnmodified;
  }

  fileRead(entry: Entry, sizeBytes: number, isNew: boolean): void {
    if (isNew) this.filesNew += 1;
    else this.filesChanged += 1;
    this.#add(entry, sizeBytes);
  }

  fileUnmodified(entry: Entry): void {
    this.filesUnmodified += 1;
    this.#add(entry, entry.sizeBytes);
  }

  directory(): void {
    this.dirs += 1;
  }

  other(): void {
    this.others += 1;
  }

  /** Bytes of a file that is not saved whole yet; negative when it is, or is given up. */
  part(sizeBytes: number): void {
    this.#partBytes += sizeBytes;
    if (sizeBytes > 0) this.#tell(undefined);
  }

  #add(entry: Entry, sizeBytes: number): void {
    this.sizeBytes += sizeBytes;
    if (entry.mtimeNs > this.newestNs) this.newestNs = entry.mtimeNs;
    this.#tell(entry.path);
  }

  #tell(current: string | undefined): void {
    if (this.#progress === undefined) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#toldMs < PROGRESS_EVERY_MS) return;
    this.#toldMs = nowMs;
    this.#progress({ phase: 'read', items: this.files, sizeBytes: this.sizeBytes + this.#partBytes, current });
  }
}
