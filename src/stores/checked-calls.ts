import { checkKey, checkPrefix } from './key.ts';
import type { Body, How, PutHow, Range, Store, Stored } from './store.ts';

/** The calls of the port on a place such as a bucket. They get keys that are checked, and signals that are not aborted yet. */
export interface PlaceCalls<Place> {
  put(place: Place, key: string, body: Body, how: PutHow): Promise<void>;
  read(place: Place, key: string, range: Range | undefined, how: How): Promise<Uint8Array<ArrayBuffer>>;
  stream(place: Place, key: string, range: Range | undefined, how: How): AsyncIterable<Uint8Array>;
  stat(place: Place, key: string, how: How): Promise<Stored | undefined>;
  list(place: Place, prefix: string, how: How): AsyncIterable<Stored>;
  delete(place: Place, key: string, how: How): Promise<void>;
}

/** The port's calls on `place`: each checks its key or prefix and its signal first. */
export function checkedCalls<Place>(place: Place, calls: PlaceCalls<Place>): Pick<Store, keyof PlaceCalls<Place>> {
  return {
    async put(key, body, how) {
      begin(key, how);
      await calls.put(place, key, body, how);
    },

    async read(key, range, how) {
      begin(key, how);
      return await calls.read(place, key, range, how);
    },

    async *stream(key, range, how) {
      begin(key, how);
      yield* calls.stream(place, key, range, how);
    },

    async stat(key, how) {
      begin(key, how);
      return await calls.stat(place, key, how);
    },

    async *list(prefix, how) {
      checkPrefix(prefix);
      how.signal.throwIfAborted();
      yield* calls.list(place, prefix, how);
    },

    async delete(key, how) {
      begin(key, how);
      await calls.delete(place, key, how);
    },
  };
}

function begin(key: string, how: How): void {
  checkKey(key);
  how.signal.throwIfAborted();
}
