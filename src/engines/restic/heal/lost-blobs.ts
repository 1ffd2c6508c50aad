/** The blobs that are lost, as long as they are not found elsewhere. */
import { type BlobType, DATA, TREE } from '../blob-table.ts';

/** Names a blob by its type and id (hex digits). */
export function blobKey(id: string, type: BlobType): string {
  return `${type === TREE ? 't' : 'd'}${id}`;
}

export interface LostBlob {
  readonly id: string;
  readonly type: BlobType;
  /** Of the plain blob; undefined where nothing tells it any more. */
  readonly lengthBytes: number | undefined;
}

export interface LostBlobs extends Iterable<LostBlob> {
  readonly size: number;
  has(id: string, type: BlobType): boolean;
  /** A length that is told later is kept too. */
  add(id: string, type: BlobType, lengthBytes?: number): void;
  /** It is stored again. */
  settle(id: string, type: BlobType): void;
  /** Also of one that is settled. */
  lengthOf(id: string, type: BlobType): number | undefined;
}

export function createLostBlobs(): LostBlobs {
  const lost = new Set<string>();
  const lengths = new Map<string, number>();
  return {
    get size() {
      return lost.size;
    },
    has: (id, type) => lost.has(blobKey(id, type)),
    add(id, type, lengthBytes) {
      const key = blobKey(id, type);
      lost.add(key);
      if (lengthBytes !== undefined) lengths.set(key, lengthBytes);
    },
    settle: (id, type) => void lost.delete(blobKey(id, type)),
    lengthOf: (id, type) => lengths.get(blobKey(id, type)),
    *[Symbol.iterator]() {
      for (const key of lost)
        yield { id: key.slice(1), type: key.startsWith('t') ? TREE : DATA, lengthBytes: lengths.get(key) };
    },
  };
}
