import type { Stored } from '../../stores/store.ts';
import type { Snapshot } from '../engine.ts';

/** What is kept of a sidecar: not its lists, which can be long. */
export interface ListedSidecar {
  readonly stored: Stored;
  readonly id: string;
  readonly snapshot: Snapshot;
  readonly status: string;
  readonly message: string;
  readonly sizeBytes: number;
  readonly filesIncluded: readonly string[];
}
