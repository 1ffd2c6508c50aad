/** How snapshots go from one repository into another as they are stored. Part of the port `engine.ts`, from which others take it. */
import type { Warning } from '../sources/source.ts';
import type { How, ProgressHow } from './how.ts';
import type { Snapshot } from './snapshot.ts';

export interface CopyingHow extends How {
  readonly warn: (warning: Warning) => void;
}

/** Snapshots of one repository on their way into another. Both are locked as for a backup until its end. */
export interface Copying extends AsyncDisposable {
  /**
   * Stores the snapshot with the same time, host, paths, tags, source and recovery point; its id is the other repository's own. Every byte is checked before
   * it is stored. Throws `repository.damaged` or `tree.damaged`, naming the file of the other repository, when something that the snapshot needs can not be read
   * there; what could be is stored, so that a copy from elsewhere needs only the rest. Undefined where just this snapshot can not be taken as it is stored.
   */
  copy(snapshot: Snapshot, how: CopyHow): Promise<CopyResult | undefined>;
}

export interface CopyHow extends ProgressHow {
  /**
   * Read back all files that were stored and compare them with what was sent, before the snapshot is. An engine that can not leaves
   * `rereadBytes` out of its result.
   */
  readonly readBack?: boolean;
}

export interface CopyResult {
  readonly snapshot: Snapshot;
  /** True when it was there already: nothing was stored. */
  readonly already: boolean;
  /** Bytes that were read of the other repository's content, and bytes that were stored. */
  readonly readBytes: number;
  readonly storedBytes: number;
  /** Keys of the files that were stored. */
  readonly files: readonly string[];
  /** Bytes that were read back, all of them as they were sent, where that was asked for. */
  readonly rereadBytes?: number | undefined;
}
