import { basicChecks } from './contract-basics.ts';
import { bigBodyChecks, bodyChecks } from './contract-bodies.ts';
import { changeChecks } from './contract-changes.ts';
import { longListChecks, placeChecks } from './contract-places.ts';
import type { StoreChecks } from './contract-sample.ts';
import { lockChecks, serviceChecks } from './contract-service.ts';
import type { Store } from './store.ts';

/** One promise of the port, as something that can be run. */
export interface Check {
  readonly name: string;
  /** It takes more than a thousand requests or many megabytes. */
  readonly heavy: boolean;
  /** It locks a body for some seconds: where the service keeps locks, what is locked stays until then. */
  readonly locking: boolean;
  run(): Promise<void>;
}

/**
 * What `store.ts` promises, as named checks. `make` opens an empty store for each check, which closes it: closing should also remove
 * what is left in it, where it is not thrown away. Tests run them over every adapter and wrapper; they work on a person's own bucket
 * too.
 */
export function storeContract(make: () => Promise<Store>): readonly Check[] {
  const group = (checks: StoreChecks, kind: { readonly heavy?: boolean; readonly locking?: boolean } = {}): Check[] =>
    Object.entries(checks).map(([name, check]) => ({
      name,
      heavy: kind.heavy ?? false,
      locking: kind.locking ?? false,
      async run() {
        await using store = await make();
        await check(store);
      },
    }));
  return [
    ...group(basicChecks),
    ...group(placeChecks),
    ...group(bodyChecks),
    ...group(changeChecks),
    ...group(serviceChecks),
    ...group(lockChecks, { locking: true }),
    ...group(longListChecks, { heavy: true }),
    ...group(bigBodyChecks, { heavy: true }),
  ];
}
