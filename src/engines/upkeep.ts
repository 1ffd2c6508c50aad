/** Verification, and what frees space. Part of the port `engine.ts`, from which others take it. */
import type { How, ProgressHow } from './how.ts';

export interface VerifyHow extends How, ProgressHow {
  /** Only these snapshots' data; undefined: the whole repository. */
  readonly snapshots?: readonly string[] | undefined;
  /** `structure`: indexes, snapshots, trees and pack sizes. `data`: also every stored byte, or the subset of it. */
  readonly depth: 'structure' | 'data';
  /** Which part of the packs to read: the n-th of m equal parts, a random percentage, a random amount, or those with these keys. */
  readonly subset?:
    | { readonly files: readonly string[] }
    | { readonly part: number; readonly of: number }
    | { readonly percent: number }
    | { readonly sizeBytes: number };
}

export interface VerifyReport {
  readonly problems: readonly Problem[];
  /** Worth knowing, not damage: packs no index names, leftovers, stale locks. */
  readonly notes: readonly string[];
  readonly snapshots: number;
  readonly packs: number;
  readonly packsRead: number;
  readonly readBytes: number;
}

export interface Problem {
  /**
   * `pack.missing`, `pack.size`, `pack.damaged`, `blob.damaged`, `blob.missing`, `index.damaged`, `snapshot.damaged`, `tree.damaged`,
   * `config.damaged`, `key.damaged`, `lock.damaged`, `archive.damaged`, `archive.missing`, `metadata.damaged`. An operation adds `snapshot.missing`: an engine can not know of it.
   */
  readonly code: string;
  /** Key of the repository's file, such as `data/ab/ab12…`. */
  readonly key: string;
  readonly message: string;
  /** What can not be restored whole because of it: the first few paths, and of every snapshot at least one. */
  readonly affects: readonly { readonly snapshot: string; readonly path: string }[];
}

export interface PruneHow extends How, ProgressHow {
  readonly dryRun: boolean;
  /** Unused share that may stay, as a fraction of what remains. restic's default is 0.05. */
  readonly maxUnused: number;
}

export interface PruneReport {
  readonly packsKept: number;
  readonly packsRepacked: number;
  readonly packsRemoved: number;
  readonly repackedBytes: number;
  readonly freedBytes: number;
  readonly remainingBytes: number;
  readonly remainingUnusedBytes: number;
  /** What was to go and stays because a lock of the store keeps it; it is in no other number but the remaining bytes. */
  readonly locked?: LockedFiles | undefined;
}

export interface LockedFiles {
  readonly files: number;
  readonly sizeBytes: number;
  /** When the last of these locks ends, as far as the service says. */
  readonly until: Date | undefined;
}

export interface RebuildReport {
  readonly packs: number;
  readonly indexes: number;
  /** Packs whose header can not be read; they are left where they are. */
  readonly unreadable: readonly string[];
}
