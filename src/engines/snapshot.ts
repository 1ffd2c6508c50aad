/** What a repository holds. Part of the port `engine.ts`, from which others take it. */
import type { SourceFacts } from '../sources/source.ts';

export interface BackupStats {
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirs: number;
  readonly others: number;
  /** Bytes of all files in the snapshot. */
  readonly sizeBytes: number;
  /** Bytes that were not in the repository before, uncompressed and as stored. */
  readonly addedBytes: number;
  readonly storedBytes: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
}

export interface Snapshot {
  /** Of a `restic` repository 64 hex digits, of an `archive` what its files are named after: `database_20241122_020000`. */
  readonly id: string;
  readonly time: Date;
  readonly host: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly user: string;
  /** Name of the source, '' when Surety did not write it. */
  readonly source: string;
  /** '' when Surety did not write it. */
  readonly recoveryPoint: string;
  readonly parent?: string | undefined;
  readonly tree: string;
  readonly stats?: BackupStats | undefined;
  readonly program: string;
}

export interface Listing {
  readonly snapshots: readonly Snapshot[];
  readonly unreadable: readonly { readonly id: string; readonly error: Error }[];
  /** Backups that failed and left a record of that, oldest first. They are no snapshots: nothing counts or restores them. */
  readonly failures?: readonly FailedBackup[];
  /** Files of the repository that belong to no snapshot: what a killed run left, or a copy that is not finished. */
  readonly incomplete?: readonly string[];
}

export interface FailedBackup {
  readonly id: string;
  readonly time: Date;
  readonly source: string;
  readonly message: string;
}

/** The document that Surety keeps inside each snapshot. */
export interface SnapshotFacts extends SourceFacts {
  readonly source: string;
  readonly host: string;
  readonly recoveryPoint: string;
  readonly program: string;
  readonly warnings: number;
}
