import type { Draft } from './draft.ts';
import type { Input } from './input.ts';

/** What a translator is given. It puts into the draft what the inputs say, and tells there of all that has no place in it. */
export interface Translation {
  readonly inputs: readonly Input[];
  readonly draft: Draft;
  /** Whether a path, as it is written in the inputs, is there; undefined: nobody knows. */
  readonly exists: ((path: string) => boolean) | undefined;
}
