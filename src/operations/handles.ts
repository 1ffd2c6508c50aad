/**
 * What operations get instead of configuration: ports under the name a person gave them, opened when first used.
 * Opening the same handle again gives the same port; whoever made the handle closes it. A port that can not be
 * opened thus fails only the steps that need it.
 */
import type { Engine, OpenAhead, Snapshot } from '../engines/engine.ts';
import type { Source } from '../sources/source.ts';

export interface OpenHow {
  readonly signal: AbortSignal;
  readonly ahead?: OpenAhead | undefined;
}

export interface RepositoryHandle {
  readonly name: string;
  readonly kind: string;
  /** For people, without secrets. */
  readonly location: string;
  open(how: OpenHow): Promise<Engine>;
}

export interface SourceHandle {
  readonly name: string;
  readonly kind: string;
  /** The host that a restore to the original place writes to, where that is not this machine. */
  readonly writesTo?: string | undefined;
  open(how: { readonly signal: AbortSignal }): Promise<Source>;
}

/** One snapshot where it is stored. */
export interface StoredSnapshot {
  readonly repository: RepositoryHandle;
  readonly snapshot: Snapshot;
}

/** One snapshot to be restored. */
export interface RestoreItem extends StoredSnapshot {
  /** Writes the entries; of the kind that the snapshot's source had. */
  readonly source: SourceHandle;
  /** The same in other repositories, to be taken where this one is missing or damaged. */
  readonly copies?: readonly StoredSnapshot[];
}
