/** An opened repository: its store, its key, and its files by kind and id. The engine's verbs are functions over it. */
import type { Clock } from '../../base/clock.ts';
import type { How, Store } from '../../stores/store.ts';
import type { ConfigDocument } from './format/config.ts';
import { damaged } from './format/damaged.ts';
import { isId } from './format/id.ts';
import { decodeUnpacked, encodeUnpacked } from './format/unpacked.ts';
import { createSealer, type MasterKey, type Sealer } from './seal.ts';
import { sha256Hex } from './sha256.ts';

/** Folders of the repository. `data` holds packs; the files of the others are one document each. */
export type FileKind = 'data' | 'index' | 'snapshots' | 'locks' | 'keys';

export interface RepositoryFile {
  readonly id: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

export interface Repository {
  readonly store: Store;
  readonly config: ConfigDocument;
  readonly masterKey: MasterKey;
  readonly sealer: Sealer;
  /** Id of the key file that opened the repository. */
  readonly keyId: string;
  /** zstd level. */
  readonly level: number;
  /** Size from which a pack is full. */
  readonly packSizeBytes: number;
  /** Threads for the heavy work. */
  readonly workers: number;
  readonly identity: Identity;
  readonly clock: Clock;
  /** All files of a kind, in no order. Files whose name is no id are not the repository's and left out. */
  files(kind: FileKind, how: How): Promise<RepositoryFile[]>;
  /** The bytes of a file, checked against its id. Throws `store.not-found`, `repository.damaged`. */
  readFile(kind: FileKind, id: string, how: How): Promise<Uint8Array>;
  /** The JSON document in a sealed file. */
  readUnpacked(kind: 'index' | 'snapshots' | 'locks', id: string, how: How): Promise<Uint8Array>;
  /** Stores a JSON document as a sealed file and returns its id. */
  writeUnpacked(kind: 'index' | 'snapshots' | 'locks', json: string | Uint8Array, how: How): Promise<string>;
  deleteFile(kind: FileKind, id: string, how: How): Promise<void>;
}

/** Who works on the repository: written to locks, keys and snapshots. */
export interface Identity {
  readonly host: string;
  readonly user: string;
  /** Name and version of this program. */
  readonly program: string;
}

export type RepositoryParts = Pick<
  Repository,
  'store' | 'config' | 'masterKey' | 'keyId' | 'level' | 'packSizeBytes' | 'workers' | 'identity' | 'clock'
>;

/** The store's key of a repository's file. */
export function keyOf(kind: FileKind, id: string): string {
  return kind === 'data' ? `data/${id.slice(0, 2)}/${id}` : `${kind}/${id}`;
}

/** The id in a store's key. */
export function idOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

export function createRepository(parts: RepositoryParts): Repository {
  const { store, config, level } = parts;
  const sealer = createSealer(parts.masterKey);

  async function readUnpacked(kind: FileKind, id: string, how: How): Promise<Uint8Array> {
    const plain = sealer.openInPlace(await readChecked(store, kind, id, how));
    // The name fits the bytes, so they are what was stored, but not with this repository's key.
    if (plain === undefined) throw damaged(keyOf(kind, id), 'it was not sealed with the key of this repository');
    return decodeUnpacked(plain, keyOf(kind, id));
  }

  async function writeUnpacked(kind: FileKind, json: string | Uint8Array, how: How): Promise<string> {
    const sealed = sealer.seal(encodeUnpacked(json, config.version, level));
    const id = sha256Hex(sealed);
    await store.put(keyOf(kind, id), sealed, kind === 'locks' ? how : { ...how, kept: 'use' });
    return id;
  }

  return {
    ...parts,
    sealer,
    files: (kind, how) => listFiles(store, kind, how),
    readFile: (kind, id, how) => readChecked(store, kind, id, how),
    readUnpacked,
    writeUnpacked,
    deleteFile: (kind, id, how) => store.delete(keyOf(kind, id), how),
  };
}

export async function listFiles(store: Store, kind: FileKind, how: How): Promise<RepositoryFile[]> {
  const files: RepositoryFile[] = [];
  for await (const { key, sizeBytes, modifiedAt } of store.list(`${kind}/`, how)) {
    const id = key.slice(key.lastIndexOf('/') + 1);
    if (isId(id) && key === keyOf(kind, id)) files.push({ id, sizeBytes, modifiedAt });
  }
  return files;
}

/** Reads twice from the store before it calls a file damaged: the first time it may have been the way here. */
export async function readChecked(store: Store, kind: FileKind, id: string, how: How): Promise<Uint8Array> {
  const key = keyOf(kind, id);
  const last = how.kept === 'use' ? 3 : 2;
  for (let attempt = 1; ; attempt++) {
    const again: How = attempt > 1 && how.kept !== undefined ? { ...how, kept: 'replace' } : how;
    const bytes = await store.read(key, undefined, again);
    if (sha256Hex(bytes) === id) return bytes;
    if (attempt === last) throw damaged(key, bytes.length === 0 ? 'it is empty' : 'its content does not fit its name');
  }
}
