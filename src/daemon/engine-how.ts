import type { OpenAhead } from '../engines/engine.ts';

/** How a repository is opened, whatever its kind. */
export interface EngineHow {
  readonly signal: AbortSignal;
  /** The configuration's folder. */
  readonly directory: string;
  readonly warn: (message: string) => void;
  /** False: nothing is kept on this machine of what is read again and again. */
  readonly cache: boolean;
  readonly ahead?: OpenAhead | undefined;
}
