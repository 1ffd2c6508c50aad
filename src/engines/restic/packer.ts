/**
 * Builds pack files in memory: each blob is compressed and sealed right where it will stand in the pack.
 * Format: restic, doc/design.rst "Pack Format".
 */
import { PAGE_BYTES } from '../../base/pages.ts';
import { type BlobType, TREE } from './blob-table.ts';
import { MAX_CHUNK_BYTES } from './chunker.ts';
import { COMPRESSED_ENTRY_BYTES, HEADER_OVERHEAD, LENGTH_BYTES, PLAIN_ENTRY_BYTES } from './format/pack.ts';
import { SEAL_OVERHEAD, SEAL_PREFIX, type Sealer } from './seal.ts';
import { sha256 } from './sha256.ts';
import { compressBound, compressInto } from './zstd.ts';

/** Bounds the header of packs full of tiny blobs, and with it the room it needs in the buffer. */
const MAX_BLOBS = 65_536;
const HEADER_ROOM_BYTES = MAX_BLOBS * COMPRESSED_ENTRY_BYTES + HEADER_OVERHEAD;

/** Size of a buffer, in whole pages, that holds a pack just below its target, one more chunk, and the header. */
export function packBufferBytes(targetBytes: number): number {
  const sizeBytes = targetBytes + compressBound(MAX_CHUNK_BYTES) + SEAL_OVERHEAD + HEADER_ROOM_BYTES;
  return Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
}

/** A pack that is ready to be stored. */
export interface FinishedPack {
  /** SHA-256 of the file: its name. */
  readonly id: Uint8Array;
  readonly buffer: ArrayBufferLike;
  /** Length of the file at the start of the buffer. */
  readonly sizeBytes: number;
  /** The header's entries before encryption: what the index is made of. */
  readonly header: Uint8Array;
  readonly blobs: number;
  /** Sum of the plain lengths of the blobs. */
  readonly plainBytes: number;
}

export interface PackerOptions {
  readonly sealer: Sealer;
  readonly type: BlobType;
  /** zstd level; undefined stores blobs as they are (format version 1, or compression switched off). */
  readonly level: number | undefined;
  /** The size at which a pack is finished. */
  readonly targetBytes: number;
}

export class Packer {
  readonly #options: PackerOptions;
  #buffer: Uint8Array | undefined;
  #used = 0;
  #plainBytes = 0;
  #blobs = 0;
  #header = Buffer.allocUnsafe(16_384);
  #headerUsed = 0;

  constructor(options: PackerOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#blobs === 0;
  }

  get isFull(): boolean {
    return this.#used >= this.#options.targetBytes || this.#blobs >= MAX_BLOBS;
  }

  /** True when the next blob needs `useBuffer` first. */
  get needsBuffer(): boolean {
    return this.#buffer === undefined;
  }

  /** Gives the packer a buffer of {@link packBufferBytes} to fill. */
  useBuffer(buffer: ArrayBufferLike): void {
    this.#buffer = new Uint8Array(buffer);
  }

  /** True when a blob of `sizeBytes` fits the buffer; one that does not even fit an empty buffer gets a larger one. */
  hasRoom(sizeBytes: number): boolean {
    const needed = compressBound(sizeBytes) + SEAL_OVERHEAD + HEADER_ROOM_BYTES;
    if (this.#buffer !== undefined && this.#used + needed <= this.#buffer.length) return true;
    if (!this.isEmpty) return false;
    this.#buffer = new Uint8Array(Math.max(needed, packBufferBytes(this.#options.targetBytes)));
    return true;
  }

  /** Adds one blob; the caller has made sure of {@link hasRoom}. */
  add(id: Uint8Array, plain: Uint8Array): void {
    const at = this.#used;
    const buffer = this.#buffer!;
    const body = at + SEAL_PREFIX;
    const { level, sealer } = this.#options;
    const packed = level === undefined ? plain.length : compressInto(buffer, body, plain, level);
    const compressed = level !== undefined && packed < plain.length;
    const length = compressed ? sealer.sealInPlace(buffer, at, packed) : sealer.sealInto(buffer, at, plain);
    this.#addEntry(id, length, compressed ? plain.length : undefined);
    this.#used += length;
    this.#plainBytes += plain.length;
    this.#blobs += 1;
  }

  /** Adds a blob that another repository has compressed already. `rawLength` is its plain length. */
  addPacked(id: Uint8Array, packed: Uint8Array, rawLength: number): void {
    const length = this.#options.sealer.sealInto(this.#buffer!, this.#used, packed);
    this.#addEntry(id, length, rawLength);
    this.#used += length;
    this.#plainBytes += rawLength;
    this.#blobs += 1;
  }

  /** Adds a blob that is sealed already, as repacking does. `rawLength` is the plain length where it is compressed, else 0. */
  addSealed(id: Uint8Array, sealed: Uint8Array, rawLength: number): void {
    this.#buffer!.set(sealed, this.#used);
    this.#addEntry(id, sealed.length, rawLength === 0 ? undefined : rawLength);
    this.#used += sealed.length;
    this.#plainBytes += rawLength === 0 ? sealed.length - SEAL_OVERHEAD : rawLength;
    this.#blobs += 1;
  }

  /** Completes the pack and leaves the packer empty, without a buffer. */
  finish(): FinishedPack {
    const buffer = this.#buffer!;
    const header = this.#header.subarray(0, this.#headerUsed);
    const sealed = this.#options.sealer.sealInto(buffer, this.#used, header);
    const sizeBytes = this.#used + sealed + LENGTH_BYTES;
    new DataView(buffer.buffer).setUint32(sizeBytes - LENGTH_BYTES, sealed, true);
    const pack: FinishedPack = {
      id: sha256(buffer.subarray(0, sizeBytes)),
      buffer: buffer.buffer,
      sizeBytes,
      header: Uint8Array.from(header),
      blobs: this.#blobs,
      plainBytes: this.#plainBytes,
    };
    this.#buffer = undefined;
    this.#used = 0;
    this.#plainBytes = 0;
    this.#blobs = 0;
    this.#headerUsed = 0;
    return pack;
  }

  #addEntry(id: Uint8Array, length: number, rawLength: number | undefined): void {
    if (this.#headerUsed + COMPRESSED_ENTRY_BYTES > this.#header.length) {
      this.#header = Buffer.concat([this.#header], this.#header.length * 2);
    }
    const tree = this.#options.type === TREE ? 1 : 0;
    const header = this.#header;
    let at = this.#headerUsed;
    header[at] = rawLength === undefined ? tree : 2 | tree;
    header.writeUInt32LE(length, at + 1);
    at += 5;
    if (rawLength !== undefined) at = header.writeUInt32LE(rawLength, at);
    header.set(id, at);
    this.#headerUsed += rawLength === undefined ? PLAIN_ENTRY_BYTES : COMPRESSED_ENTRY_BYTES;
  }
}
