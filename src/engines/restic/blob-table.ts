/**
 * The index of a repository in memory: which blobs exist, and in which pack they stand.
 *
 * It lives in SharedArrayBuffers, so that every worker looks up and claims blobs without asking another thread, and it costs
 * about 56 bytes a blob instead of an object. Space is reserved for a fixed capacity; the operating system gives memory only to the
 * pages that are touched.
 *
 * Entries are appended and never move or go. Hash tables of entry numbers (linear probing, at most half full) find them by
 * id and type; ids are SHA-256 and so already well distributed. Inserting is lock-free: the entry is written first and published with
 * one compare-and-exchange on its slot. The first table has room for what is expected; each further one is four times as large and
 * is used when those before it are full, so that a large capacity costs nothing while it is not needed. Which table an entry is in
 * follows from its number.
 */

import { ID_BYTES } from './format/id.ts';

export const DATA = 0;
export const TREE = 1;
export type BlobType = typeof DATA | typeof TREE;

/** The pack number of a blob that is being stored by this process and has no place yet. */
const PENDING = 0x7fff_ffff;
/** The pack number of an entry that lost a race and means nothing. */
const HOLE = 0x7fff_fffe;

const ENTRY_WORDS = 12;
const PACK = 8;
const OFFSET = 9;
const LENGTH = 10;
const RAW_LENGTH = 11;
const TYPE_BIT = 0x8000_0000;
const PACK_ID_WORDS = 8;
const FIRST_ENTRIES_MIN = 16_384;
const GROWTH = 4;

/** What another thread needs to use the same table. */
export interface SharedBlobTable {
  readonly entries: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly packs: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
}

export interface BlobLocation {
  readonly pack: number;
  readonly type: BlobType;
  readonly offset: number;
  /** Stored (sealed) length. */
  readonly length: number;
  /** Length of the plain blob when it is compressed, else 0. */
  readonly rawLength: number;
}

/** One hash table: where its slots begin, its size less one, and the number behind its last entry. */
interface Level {
  readonly start: number;
  readonly mask: number;
  readonly end: number;
}

function levelsOf(capacity: number, first: number): Level[] {
  const levels: Level[] = [];
  let start = 0;
  let size = first;
  for (let begin = 0; begin < capacity || levels.length === 0; begin += size / GROWTH) {
    const slots = 2 ** Math.ceil(Math.log2(size * 2));
    levels.push({ start, mask: slots - 1, end: begin + size });
    start += slots;
    size *= GROWTH;
  }
  return levels;
}

export class BlobTable {
  readonly shared: SharedBlobTable;
  readonly capacity: number;
  readonly #entries: Uint32Array;
  readonly #slots: Int32Array;
  readonly #packs: Uint32Array;
  readonly #counters: Int32Array;
  readonly #levels: readonly Level[];
  readonly #key = new Uint32Array(8);
  readonly #keyBytes: Buffer;

  constructor(shared: SharedBlobTable) {
    this.shared = shared;
    this.#entries = new Uint32Array(shared.entries);
    this.#slots = new Int32Array(shared.slots);
    this.#packs = new Uint32Array(shared.packs);
    this.#counters = new Int32Array(shared.counters);
    this.#keyBytes = Buffer.from(this.#key.buffer);
    this.capacity = this.#entries.length / ENTRY_WORDS;
    this.#levels = levelsOf(this.capacity, this.#counters[2]!);
  }

  /** An empty table with room for `blobs` entries, of which `expected` are likely, and `packs` packs. */
  static create(blobs: number, packs: number, expected = blobs): BlobTable {
    const first = Math.max(FIRST_ENTRIES_MIN, Math.min(expected, blobs));
    const slots = levelsOf(blobs, first).reduce((sum, { mask }) => sum + mask + 1, 0);
    const counters = new SharedArrayBuffer(12);
    new Int32Array(counters)[2] = first;
    return new BlobTable({
      entries: new SharedArrayBuffer(blobs * ENTRY_WORDS * 4),
      slots: new SharedArrayBuffer(slots * 4),
      packs: new SharedArrayBuffer(packs * PACK_ID_WORDS * 4),
      counters,
    });
  }

  /** Number of entries, holes included. */
  get count(): number {
    return Math.min(Atomics.load(this.#counters, 0), this.capacity);
  }

  get packCount(): number {
    return Atomics.load(this.#counters, 1);
  }

  /** Registers a pack and returns its number, or -1 when there is no room. Only one thread may do this. */
  addPack(id: Uint8Array): number {
    const number = Atomics.load(this.#counters, 1);
    if ((number + 1) * PACK_ID_WORDS > this.#packs.length) return -1;
    this.#setKey(id);
    this.#packs.set(this.#key, number * PACK_ID_WORDS);
    Atomics.store(this.#counters, 1, number + 1);
    return number;
  }

  /** The 32-byte id of a pack. */
  packId(pack: number): Buffer {
    const words = this.#packs.slice(pack * PACK_ID_WORDS, (pack + 1) * PACK_ID_WORDS);
    return Buffer.from(words.buffer, 0, 32);
  }

  /**
   * Adds a stored blob. A blob that is already known is appended too, as another copy, and `find` goes on to return the
   * first. Returns the entry's number, or -1 when the table is full.
   */
  add(id: Uint8Array, type: BlobType, place: Omit<BlobLocation, 'type'>): number {
    this.#setKey(id);
    const entry = this.#append(type, place.pack, place.offset, place.length, place.rawLength);
    if (entry >= 0) this.#publish(entry, type);
    return entry;
  }

  /**
   * Claims a blob for storing: true when this caller is to store it, false when it is known or claimed already. When the table is
   * full the answer is true: storing a blob twice is harmless, losing one is not.
   */
  claim(id: Uint8Array, type: BlobType): boolean {
    this.#setKey(id);
    if (this.#lookup(type) >= 0) return false;
    const entry = this.#append(type, PENDING, 0, 0, 0);
    if (entry < 0) return true;
    if (this.#publish(entry, type) === entry) return true;
    this.#entries[entry * ENTRY_WORDS + PACK] = HOLE | (type === TREE ? TYPE_BIT : 0);
    return false;
  }

  /** The entry's number, or -1. */
  find(id: Uint8Array, type: BlobType): number {
    this.#setKey(id);
    return this.#lookup(type);
  }

  /** The same for an id as hex digits, without an object for each question; -1 also for a text that is no id. */
  findText(id: string, type: BlobType): number {
    const isId = id.length === 2 * ID_BYTES && this.#keyBytes.write(id, 'hex') === ID_BYTES;
    return isId ? this.#lookup(type) : -1;
  }

  /** All entries of one blob: usually one, more where it is stored in several packs. */
  copies(id: Uint8Array, type: BlobType): number[] {
    const first = this.find(id, type);
    if (first < 0) return [];
    const found = [first];
    const wanted = this.#key.slice();
    for (let entry = first + 1; entry < this.count; entry++) {
      if (this.#matches(entry, type, wanted) && this.isStored(entry)) found.push(entry);
    }
    return found;
  }

  location(entry: number): BlobLocation {
    const at = entry * ENTRY_WORDS;
    const pack = this.#entries[at + PACK]!;
    return {
      pack: pack & ~TYPE_BIT,
      type: pack & TYPE_BIT ? TREE : DATA,
      offset: this.#entries[at + OFFSET]!,
      length: this.#entries[at + LENGTH]!,
      rawLength: this.#entries[at + RAW_LENGTH]!,
    };
  }

  packOf(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + PACK]! & ~TYPE_BIT;
  }

  typeOf(entry: number): BlobType {
    return this.#entries[entry * ENTRY_WORDS + PACK]! & TYPE_BIT ? TREE : DATA;
  }

  offsetOf(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + OFFSET]!;
  }

  lengthOf(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + LENGTH]!;
  }

  rawLengthOf(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + RAW_LENGTH]!;
  }

  /** False for a hole or a blob that is only claimed. */
  isStored(entry: number): boolean {
    const pack = this.packOf(entry);
    return pack !== PENDING && pack !== HOLE;
  }

  /** The 32-byte id of an entry. */
  idOf(entry: number): Buffer {
    const words = this.#entries.slice(entry * ENTRY_WORDS, entry * ENTRY_WORDS + 8);
    return Buffer.from(words.buffer, 0, 32);
  }

  #setKey(id: Uint8Array): void {
    this.#keyBytes.set(id);
  }

  #append(type: BlobType, pack: number, offset: number, length: number, rawLength: number): number {
    const entry = Atomics.add(this.#counters, 0, 1);
    if (entry >= this.capacity) {
      Atomics.sub(this.#counters, 0, 1);
      return -1;
    }
    const at = entry * ENTRY_WORDS;
    this.#entries.set(this.#key, at);
    this.#entries[at + PACK] = pack | (type === TREE ? TYPE_BIT : 0);
    this.#entries[at + OFFSET] = offset;
    this.#entries[at + LENGTH] = length;
    this.#entries[at + RAW_LENGTH] = rawLength;
    return entry;
  }

  /** Makes `entry` findable. Returns the entry that is findable afterwards: another one if it was there before. */
  #publish(entry: number, type: BlobType): number {
    for (const { start, mask, end } of this.#levels) {
      const isLast = entry < end;
      let slot = this.#key[0]! & mask;
      for (;;) {
        const seen = isLast
          ? Atomics.compareExchange(this.#slots, start + slot, 0, entry + 1)
          : Atomics.load(this.#slots, start + slot);
        if (seen === 0) break;
        if (this.#matches(seen - 1, type, this.#key)) return seen - 1;
        slot = (slot + 1) & mask;
      }
      if (isLast) return entry;
    }
    return entry;
  }

  #lookup(type: BlobType): number {
    const count = this.count;
    for (const { start, mask, end } of this.#levels) {
      let slot = this.#key[0]! & mask;
      for (;;) {
        const seen = Atomics.load(this.#slots, start + slot);
        if (seen === 0) break;
        if (this.#matches(seen - 1, type, this.#key)) return seen - 1;
        slot = (slot + 1) & mask;
      }
      if (count <= end) return -1;
    }
    return -1;
  }

  #matches(entry: number, type: BlobType, key: Uint32Array): boolean {
    const at = entry * ENTRY_WORDS;
    for (let word = 0; word < 8; word++) if (this.#entries[at + word] !== key[word]) return false;
    return this.typeOf(entry) === type;
  }
}
