import type { Body, How, PutHow, Range, Store } from '../store.ts';
import type { CacheFolder } from './cache-folder.ts';

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

/**
 * Keeps on this machine what is read with `kept`, and what is put with it; all other calls reach the store. What is kept may be lost at any
 * time: then it is read anew. It is not checked here: who reads with `kept` checks the bytes, and reads with `replace` when they are bad.
 */
export function withCache(store: Store, folder: CacheFolder, count?: (counts: CacheCounts) => void): Store {
  let counts: CacheCounts = { hits: 0, misses: 0 };
  const tell = (more: Partial<CacheCounts>) => {
    counts = { hits: counts.hits + (more.hits ?? 0), misses: counts.misses + (more.misses ?? 0) };
    count?.(counts);
  };

  async function read(key: string, range: Range | undefined, how: How): Promise<Uint8Array<ArrayBuffer>> {
    how.signal.throwIfAborted();
    if (how.kept === undefined) return await store.read(key, range, how);
    if (how.kept === 'use') {
      const known = await folder.read(key, range);
      if (known !== undefined) {
        tell({ hits: 1 });
        return known;
      }
    } else await folder.drop(key, range);
    const bytes = await store.read(key, range, how);
    tell({ misses: 1 });
    await folder.write(key, range, bytes);
    return bytes;
  }

  async function put(key: string, body: Body, how: PutHow): Promise<void> {
    await store.put(key, body, how);
    if (how.kept !== undefined && body instanceof Uint8Array) await folder.write(key, undefined, body);
  }

  return {
    ...store,
    read,
    put,
    async delete(key, how) {
      await folder.drop(key, undefined);
      await store.delete(key, how);
    },
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
