/** An opened repository of plain files. The engine's verbs are functions over it. */
import type { Clock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { Store } from '../../stores/store.ts';
import type { How } from '../engine.ts';
import type { ListedSidecar } from './listed-sidecar.ts';
import type { ArchiveOptions } from './options.ts';

/** How the repository is opened: its options, and who works on it. */
export interface OpenOptions extends Omit<ArchiveOptions, 'identity'> {
  /** Fetches the secret keys of age, when they are needed; undefined where none are configured. */
  readonly identity: ((how: How) => Promise<Secret>) | undefined;
  readonly host: string;
  readonly user: string;
  /** Name and version of this program. */
  readonly program: string;
  readonly clock: Clock;
}

export interface Repository extends OpenOptions {
  readonly store: Store;
  readonly id: string;
  /** False for a tree that another program made: it is read only, until `init` adopts it. */
  readonly adopted: boolean;
  /** Sidecars read before, by key: they do not change, and a listing need not read them again. */
  readonly known: Map<string, ListedSidecar>;
  /** Names that backups of this process are using. */
  readonly taken: Set<string>;
  /** Files whose snapshots this process forgot: prune removes them at once. */
  readonly forgotten: Set<string>;
  /** Lines of the day's log are added one after another. */
  readonly logging: { last: Promise<void> };
}

/** Throws unless Surety may add to the repository. */
export function requireAdopted({ adopted, store }: Repository): void {
  if (adopted) return;
  throw new SuretyError('repository.missing', `the backups in ${store.traits.location} were made by another program`, {
    hint: 'run surety init: it adds archive.json, and changes nothing else',
  });
}

/** The error for what is not as it was stored. */
export function damaged(key: string, what: string, cause?: unknown): SuretyError {
  return new SuretyError('repository.damaged', `${key} is damaged: ${what}`, {
    hint: 'restore another backup, or get this file from another copy',
    cause,
    details: { key },
  });
}
