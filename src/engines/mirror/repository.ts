/** An opened mirror. The engine's verbs are functions over it. */
import type { Clock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { MirrorOptions } from './options.ts';
import type { MirrorPlace } from './place.ts';

export interface OpenOptions extends MirrorOptions {
  readonly host: string;
  readonly user: string;
  /** Name and version of this program. */
  readonly program: string;
  readonly clock: Clock;
}

export interface Repository extends OpenOptions {
  readonly id: string;
  /** For people. */
  readonly location: string;
  /** What is remembered of the copies: a folder of its own beside them. */
  readonly records: Store;
  readonly place: MirrorPlace;
}

/** The error for what is not as it was stored. */
export function damaged(key: string, what: string, cause?: unknown): SuretyError {
  return new SuretyError('repository.damaged', `${key} is damaged: ${what}`, {
    hint: 'surety backup --read-all makes all of it like its source again',
    cause,
    details: { key },
  });
}
