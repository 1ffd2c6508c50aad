/** An opened borg repository. The engine's verbs are functions over it. */
import type { Clock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { Reach } from '../../reach/reach.ts';
import type { KnownFacts } from './held-entry.ts';
import type { KnownListing } from './known-listing.ts';
import type { LookedInto } from './looked-into.ts';
import type { BorgOptions } from './options.ts';
import type { BorgPlace } from './place.ts';

/** How the repository is opened: its options, where it is, and who works on it. */
export interface OpenOptions extends Omit<BorgOptions, 'password'> {
  readonly place: BorgPlace;
  /** Where the program `borg` runs: this machine. */
  readonly reach: Reach;
  /** Undefined: it has none. */
  readonly password: Secret | undefined;
  /** Bytes a second to another host; undefined: as fast as it goes. */
  readonly uploadRate?: (() => number | undefined) | undefined;
  readonly host: string;
  readonly user: string;
  /** Name and version of this program. */
  readonly writer: string;
  readonly clock: Clock;
}

export interface Repository extends OpenOptions {
  readonly id: string;
  /** Such as `repokey-blake2`. */
  readonly mode: string;
  /** Where in archives that Surety wrote their document is, by the ids of those that were listed. */
  readonly documents: Map<string, string>;
  /** What was listed last. */
  readonly known: KnownListing;
  /** What is known of archives that were asked about, by their ids: it does not change. */
  readonly facts: Map<string, KnownFacts>;
  /** Names of archives, as they were last listed. */
  readonly names: Set<string>;
  /** Entries of the snapshot that was last looked into. */
  readonly looked: LookedInto;
}

/** The error for what is not as it was stored. */
export function damaged(key: string, what: string, cause?: unknown): SuretyError {
  return new SuretyError('repository.damaged', `${key} is damaged: ${what}`, {
    hint: 'restore another snapshot, or get it from another copy; borg check --repair replaces what is lost by zeros',
    cause,
    details: { key },
  });
}
