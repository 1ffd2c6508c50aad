import type { OpenAhead } from '../engines/engine.ts';

/** How a repository is opened, whatever its kind. */
export interface EngineHow {
  readonly signal: AbortSignal;
  /** The configuration's folder. */
  readonly directory: string;
  readonly warn: (message: string) => void;
  /** False: nothing is kept on this machine of what is read again and again. */
  readonly cache: boolean;
  /** Somebody waits: a store that does not answer is told of within seconds. */
  readonly impatient?: boolean | undefined;
  readonly ahead?: OpenAhead | undefined;
}
