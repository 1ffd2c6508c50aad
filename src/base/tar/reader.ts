/** Reads tar archives: ustar, PAX, GNU's dialect and the oldest one, as GNU tar, bsdtar, star and Python write them. */
import { SuretyError } from '../errors.ts';
import { displayName } from '../names.ts';
import { ByteSource } from './byte-source.ts';
import { decodeHeader, storedBytes } from './decode-header.ts';
import { damagedTar, isSealed, readNumber, typeOf } from './header-block.ts';
import { decodeRecords, type PaxRecords } from './pax.ts';
import { fillHoles, sparseFacts } from './sparse.ts';
import { BLOCK_BYTES, paddingBytes, type TarEntry } from './tar-entry.ts';

/** No header that anybody writes is longer: attributes are at most 64 KiB each, and few. */
const MAX_EXTENDED_BYTES = 16 * 1024 * 1024;

/**
 * One pass over an archive. Call {@link next} until it answers undefined; between two calls the content of the member may be taken, as
 * a whole or in part, or not at all.
 *
 * Throws `tar.damaged`, `tar.truncated` (it ends before its end marker), `tar.unsupported` (sparse files of old formats and volumes of GNU's dialect) and
 * what the chunks throw.
 */
export class TarReader implements AsyncDisposable {
  readonly #bytes: ByteSource;
  readonly #defaults: PaxRecords = new Map();
  /** Of the current member: content and padding that nobody took yet. */
  #contentLeft = 0;
  #paddingLeft = 0;
  #current = '';
  #sizeBytes = 0;
  #isSparse = false;
  readonly #isSeveral: boolean;

  /** `several`: the chunks are archives one after another, and what follows an end marker is the next one. */
  constructor(chunks: AsyncIterable<Uint8Array>, { several = false }: { readonly several?: boolean } = {}) {
    this.#bytes = new ByteSource(chunks);
    this.#isSeveral = several;
  }

  /** The next member. Undefined at the end marker, when everything behind it was read too. */
  async next(): Promise<TarEntry | undefined> {
    await this.#pass();
    const records: PaxRecords = new Map(this.#defaults);
    for (;;) {
      const block = await this.#block();
      if (block === undefined) return undefined;
      const type = typeOf(block);
      if (type === 'x' || type === 'g') {
        const extended = await this.#extended(block);
        if (type === 'g') decodeRecords(extended, this.#defaults);
        decodeRecords(extended, records);
      } else if (type === 'L' || type === 'K') {
        const name = await this.#extended(block);
        const end = name.indexOf(0);
        records.set(type === 'L' ? 'path' : 'linkpath', Buffer.from(end < 0 ? name : name.subarray(0, end)));
      } else if (type === 'V') {
        await this.#extended(block);
      } else {
        this.#isSparse = sparseFacts(records) !== undefined;
        const entry = decodeHeader(block, records);
        return this.#enter(entry, this.#isSparse ? storedBytes(block, records) : entry.sizeBytes);
      }
    }
  }

  #enter(entry: TarEntry, sizeBytes: number): TarEntry {
    this.#current = entry.name;
    this.#sizeBytes = entry.sizeBytes;
    this.#contentLeft = sizeBytes;
    this.#paddingLeft = paddingBytes(sizeBytes);
    return entry;
  }

  /** What is left of the content of the current member. Of one with holes: all of it, once. */
  content(): AsyncGenerator<Buffer> {
    return this.#isSparse ? fillHoles(this.#stored(), this.#sizeBytes) : this.#stored();
  }

  async *#stored(): AsyncGenerator<Buffer> {
    while (this.#contentLeft > 0) {
      const part = await this.#bytes.some(this.#contentLeft);
      if (part === undefined) throw truncated(`in the midst of ${displayName(this.#current)}`);
      this.#contentLeft -= part.length;
      yield part;
    }
  }

  async #pass(): Promise<void> {
    for (let left = this.#contentLeft + this.#paddingLeft; left > 0; ) {
      const part = await this.#bytes.some(left);
      if (part === undefined) throw truncated(`in the midst of ${displayName(this.#current)}`);
      left -= part.length;
    }
    this.#contentLeft = 0;
    this.#paddingLeft = 0;
  }

  /** The next header block, undefined at the end marker. */
  async #block(): Promise<Buffer | undefined> {
    let block = await this.#bytes.take(BLOCK_BYTES);
    if (block.length < BLOCK_BYTES) throw truncated('without its end marker');
    if (isZero(block)) {
      if (!this.#isSeveral) {
        // Writers fill up their last record; a reader of a pipe or a checksum wants all of it taken.
        while ((await this.#bytes.some(Number.MAX_SAFE_INTEGER)) !== undefined);
        return undefined;
      }
      while (block.length === BLOCK_BYTES && isZero(block)) block = await this.#bytes.take(BLOCK_BYTES);
      if (block.length === 0) return undefined;
      if (block.length < BLOCK_BYTES) throw truncated('without its end marker');
    }
    if (!isSealed(block)) throw damagedTar(`the header after ${this.#where()} has a wrong checksum`);
    return block;
  }

  #where(): string {
    return this.#current === '' ? 'the beginning' : displayName(this.#current);
  }

  async #extended(block: Buffer): Promise<Buffer> {
    const sizeBytes = readNumber(block, 'size');
    if (sizeBytes < 0 || sizeBytes > MAX_EXTENDED_BYTES) throw damagedTar('an extended header is too long');
    const bytes = Buffer.from(await this.#bytes.take(sizeBytes));
    const padding = paddingBytes(sizeBytes);
    if (bytes.length < sizeBytes || (await this.#bytes.take(padding)).length < padding) throw truncated('in a header');
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bytes.close();
  }
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0);
}

function truncated(where: string): SuretyError {
  return new SuretyError('tar.truncated', `the tar archive ends ${where}`);
}
