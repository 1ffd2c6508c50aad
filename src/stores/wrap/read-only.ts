import { SuretyError } from '../../base/errors.ts';
import type { Store } from '../store.ts';

/** The store without its writing half: `put` and `delete` fail with `store.read-only`. */
export function readOnly(store: Store): Store {
  async function refuse(key: string): Promise<never> {
    throw new SuretyError(
      'store.read-only',
      `${store.traits.location} is opened for reading only: ${key} is left as it is`,
      {
        details: { key },
      },
    );
  }
  return {
    traits: store.traits,
    put: refuse,
    delete: refuse,
    read: (key, range, how) => store.read(key, range, how),
    stream: (key, range, how) => store.stream(key, range, how),
    stat: (key, how) => store.stat(key, how),
    list: (prefix, how) => store.list(prefix, how),
    ...(store.freeBytes && { freeBytes: store.freeBytes }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
