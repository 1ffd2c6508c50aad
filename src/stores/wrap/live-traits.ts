import type { Store, StoreTraits } from '../store.ts';

/** The traits of a store with some in the place of its own. `conditionalPut` may change when the service says so, so it is always asked for. */
export function liveTraits(store: Store, own: Partial<Omit<StoreTraits, 'conditionalPut'>>): StoreTraits {
  const { kind, location, connections, remote } = store.traits;
  return {
    ...{ kind, location, connections, remote, ...own },
    get conditionalPut() {
      return store.traits.conditionalPut;
    },
  };
}
