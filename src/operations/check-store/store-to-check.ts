import type { Clock } from '../../base/clock.ts';
import type { How, Store } from '../../stores/store.ts';

/** A promise of the port that can be run; see the contract of the stores. */
export interface StorePromise {
  readonly name: string;
  readonly heavy: boolean;
  readonly locking: boolean;
  run(): Promise<void>;
}

export interface StoreToCheck {
  /** Of the repository. */
  readonly name: string;
  readonly location: string;
  /** The store as backups use it, but that what the configuration forbids is not refused. */
  open(how: How): Promise<Store>;
  /** What of it is below a prefix; closing that leaves the store open. */
  part(store: Store, prefix: string): Store;
  /** What the port promises, each on a store that `make` opens. */
  promises(make: () => Promise<Store>): Promise<readonly StorePromise[]>;
}

export interface CheckStoreHow extends How {
  readonly clock: Clock;
  /** Also what takes a thousand requests and a hundred megabytes. */
  readonly heavy: boolean;
}
