/**
 * File trees that another host listed, as a few arrays: about a hundred bytes for each file. What stands for a file is its number. Of what is in
 * a directory each names the next, so that nothing is ever sorted or searched as a whole.
 */
import { decodeName } from '../../../base/names.ts';
import type { EntryType } from '../../source.ts';

/** What one file is, as it was listed. */
export interface Listed {
  readonly type: EntryType;
  /** 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly sizeBytes: number;
  readonly inode: bigint;
  readonly device: bigint;
  readonly links: number;
  readonly deviceNumber?: bigint | undefined;
}

/** Why a directory could not be listed. */
export interface Trouble {
  /** `EACCES`, `ENOENT` or another of the system's codes; '' for what has none. */
  readonly code: string;
  readonly message: string;
}

const TYPES: readonly EntryType[] = ['file', 'dir', 'symlink', 'fifo', 'socket', 'chardev', 'dev'];
const NONE = -1;

export class ListedTree {
  /** Names and targets of links, one after another. */
  #text: Buffer = Buffer.alloc(1 << 16);
  #textBytes = 0;
  #nameAt = new Float64Array(1024);
  #nameBytes = new Uint16Array(1024);
  #targetBytes = new Uint16Array(1024);
  #next = new Int32Array(1024);
  #first = new Int32Array(1024);
  #types = new Uint8Array(1024);
  #modes = new Uint16Array(1024);
  #uids = new Uint32Array(1024);
  #gids = new Uint32Array(1024);
  #mtimes = new BigInt64Array(1024);
  #ctimes = new BigInt64Array(1024);
  #sizes = new Float64Array(1024);
  #inodes = new BigUint64Array(1024);
  #devices = new BigUint64Array(1024);
  #links = new Uint32Array(1024);
  readonly #deviceNumbers = new Map<number, bigint>();
  /** Directories with a valid CACHEDIR.TAG. */
  readonly #caches = new Set<number>();
  readonly #troubles = new Map<number, Trouble>();
  readonly uidsSeen = new Set<number>();
  readonly gidsSeen = new Set<number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds what is in the directory `parent`; undefined for the top of a tree. `name` and `target` are bytes. Returns its number. */
  add(parent: number | undefined, listed: Listed, name: Uint8Array, target: Uint8Array): number {
    const at = this.#count;
    if (at === this.#next.length) this.#grow();
    this.#count += 1;
    this.#putText(at, name, target);
    this.#first[at] = NONE;
    this.#next[at] = NONE;
    if (parent !== undefined) {
      this.#next[at] = this.#first[parent]!;
      this.#first[parent] = at;
    }
    this.#types[at] = TYPES.indexOf(listed.type);
    this.#modes[at] = listed.mode;
    this.#uids[at] = listed.uid;
    this.#gids[at] = listed.gid;
    this.uidsSeen.add(listed.uid);
    this.gidsSeen.add(listed.gid);
    this.#mtimes[at] = listed.mtimeNs;
    this.#ctimes[at] = listed.ctimeNs;
    this.#sizes[at] = listed.type === 'file' ? listed.sizeBytes : 0;
    this.#inodes[at] = listed.inode;
    this.#devices[at] = listed.device;
    this.#links[at] = listed.links;
    if (listed.deviceNumber !== undefined) this.#deviceNumbers.set(at, listed.deviceNumber);
    return at;
  }

  #putText(at: number, name: Uint8Array, target: Uint8Array): void {
    const needed = this.#textBytes + name.length + target.length;
    if (needed > this.#text.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#text.length * 2));
      this.#text.copy(larger, 0, 0, this.#textBytes);
      this.#text = larger;
    }
    this.#text.set(name, this.#textBytes);
    this.#text.set(target, this.#textBytes + name.length);
    this.#nameAt[at] = this.#textBytes;
    this.#nameBytes[at] = name.length;
    this.#targetBytes[at] = target.length;
    this.#textBytes = needed;
  }

  #grow(): void {
    this.#nameAt = grown(this.#nameAt, Float64Array);
    this.#nameBytes = grown(this.#nameBytes, Uint16Array);
    this.#targetBytes = grown(this.#targetBytes, Uint16Array);
    this.#next = grown(this.#next, Int32Array);
    this.#first = grown(this.#first, Int32Array);
    this.#types = grown(this.#types, Uint8Array);
    this.#modes = grown(this.#modes, Uint16Array);
    this.#uids = grown(this.#uids, Uint32Array);
    this.#gids = grown(this.#gids, Uint32Array);
    this.#mtimes = grown(this.#mtimes, BigInt64Array);
    this.#ctimes = grown(this.#ctimes, BigInt64Array);
    this.#sizes = grown(this.#sizes, Float64Array);
    this.#inodes = grown(this.#inodes, BigUint64Array);
    this.#devices = grown(this.#devices, BigUint64Array);
    this.#links = grown(this.#links, Uint32Array);
  }

  name(at: number): string {
    const from = this.#nameAt[at]!;
    return decodeName(this.#text.subarray(from, from + this.#nameBytes[at]!));
  }

  linkTarget(at: number): string {
    const from = this.#nameAt[at]! + this.#nameBytes[at]!;
    return decodeName(this.#text.subarray(from, from + this.#targetBytes[at]!));
  }

  /** What is in a directory, unordered. */
  *within(directory: number): Generator<number> {
    for (let at = this.#first[directory]!; at !== NONE; at = this.#next[at]!) yield at;
  }

  type(at: number): EntryType {
    return TYPES[this.#types[at]!]!;
  }

  sizeBytes(at: number): number {
    return this.#sizes[at]!;
  }

  device(at: number): bigint {
    return this.#devices[at]!;
  }

  inode(at: number): bigint {
    return this.#inodes[at]!;
  }

  listed(at: number): Listed {
    return {
      type: this.type(at),
      mode: this.#modes[at]!,
      uid: this.#uids[at]!,
      gid: this.#gids[at]!,
      mtimeNs: this.#mtimes[at]!,
      ctimeNs: this.#ctimes[at]!,
      sizeBytes: this.#sizes[at]!,
      inode: this.#inodes[at]!,
      device: this.#devices[at]!,
      links: this.#links[at]!,
      deviceNumber: this.#deviceNumbers.get(at),
    };
  }

  markCache(directory: number): void {
    this.#caches.add(directory);
  }

  isCache(directory: number): boolean {
    return this.#caches.has(directory);
  }

  setTrouble(directory: number, trouble: Trouble): void {
    this.#troubles.set(directory, trouble);
  }

  trouble(directory: number): Trouble | undefined {
    return this.#troubles.get(directory);
  }
}

type Column = Float64Array | Uint8Array | Uint16Array | Uint32Array | Int32Array | BigInt64Array | BigUint64Array;

function grown<Kind extends Column>(column: Kind, make: new (length: number) => Kind): Kind {
  const larger = new make(column.length * 2);
  larger.set(column as never);
  return larger;
}
