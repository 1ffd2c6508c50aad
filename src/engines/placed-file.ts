/** Writes one restored file. */
import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { systemPath } from '../base/names.ts';
import { setTimes } from '../base/posix.ts';
import type { Placed, Placement } from '../sources/source.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const BLOCK_BYTES = 1 << 16;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** A file that is being filled. Each call may throw the system's errors; then the file is to be removed. */
export class PlacedFile {
  readonly #placement: Placement;
  readonly #index: number;
  #fd: number | undefined;
  #sizeBytes = 0;

  /** Creates the file; nobody else may read it until it is complete. */
  constructor(placement: Placement, index: number) {
    this.#placement = placement;
    this.#index = index;
    this.#fd = openSync(systemPath(placement.path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** Whole blocks of zeros are left out: the file is sparse there. */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const room = BLOCK_BYTES - (this.#sizeBytes % BLOCK_BYTES);
      const part = chunk.subarray(at, at + room);
      if (part.length < BLOCK_BYTES || ZEROS.compare(part) !== 0) this.#writeAll(part);
      this.#sizeBytes += part.length;
      at += part.length;
    }
  }

  #writeAll(part: Uint8Array): void {
    for (let at = 0; at < part.length; ) {
      at += writeSync(this.#fd!, part, at, part.length - at, this.#sizeBytes + at);
    }
  }

  /** The content is complete. */
  finish(): Placed {
    ftruncateSync(this.#fd!, this.#sizeBytes);
    const isAttributed = this.#setAttributes();
    this.#close();
    return { index: this.#index, ...(!isAttributed && { unattributed: true }) };
  }

  /** Owner first, since a new owner clears set-user-id; times last, since the others touch them. */
  #setAttributes(): boolean {
    const { attributes } = this.#placement;
    if (attributes === undefined) return true;
    try {
      const { owner, mode, mtimeNs } = attributes;
      if (owner !== undefined) fchownSync(this.#fd!, owner.uid, owner.gid);
      fchmodSync(this.#fd!, mode);
      setTimes(this.#fd!, mtimeNs);
      return true;
    } catch {
      return false;
    }
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Removes what could not be completed. */
  remove(error: unknown): Placed {
    try {
      this.#close();
      unlinkSync(systemPath(this.#placement.path));
    } catch {
      // What stays keeps mode 0600, and is reported with the error that led here.
    }
    return { index: this.#index, error: error as Error };
  }
}
