import type { Draft } from '../draft.ts';
import type { Reader } from '../reader.ts';
import type { Settings } from '../settings.ts';

/** All that a part of the translation needs. */
export interface Borgmatic {
  readonly draft: Draft;
  /** By the names that options have since version 1.8. */
  readonly settings: Settings;
  readonly reader: Reader;
}
