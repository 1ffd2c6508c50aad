/** What every catalog must do, as named checks. Each check gets an empty catalog of its own. */
import type { Catalog } from './catalog.ts';
import { proofChecks } from './contract-proofs.ts';
import { runChecks } from './contract-runs.ts';
import { snapshotChecks } from './contract-snapshots.ts';

export interface CatalogCheck {
  readonly name: string;
  check(catalog: Catalog): Promise<void>;
}

export const catalogContract: readonly CatalogCheck[] = Object.entries({
  ...runChecks,
  ...snapshotChecks,
  ...proofChecks,
}).map(([name, check]) => ({ name, check }));
