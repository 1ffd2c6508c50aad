/** What is looked for to heal a repository, and what came of it. Part of the port `engine.ts`, from which others take it. */
import type { Snapshot } from './snapshot.ts';
import type { Problem } from './upkeep.ts';

/** Files of a snapshot whose content is not all there. One path is {@link import('../sources/source.ts').RESERVED_NAME} where the facts are lost. */
export interface WantedContents {
  readonly snapshot: Snapshot;
  readonly files: ReadonlyMap<string, { readonly sizeBytes: number; readonly mtimeNs: bigint }>;
}

export interface OfferedContent {
  readonly path: string;
  /** Read only as far as it is needed. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface HealReport {
  /** What was healed, or in a dry run can be, by where it came from. What a good part of the repository itself had is not among it. */
  readonly healed: readonly Healed[];
  /** What is lost still; nothing in `affects` where no snapshot needs it. */
  readonly lost: Lost;
  /** Keys of the files that were added and of those that were removed. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface Healed {
  readonly from: string;
  /** Files of the repository that were taken as wholes, and pieces of content or directories. */
  readonly files: number;
  readonly blobs: number;
  readonly sizeBytes: number;
}

export interface Lost {
  /** Pieces of content and directories that some snapshot needs. */
  readonly blobs: number;
  /** Keys of single files that can not be made good, with what to do about each. */
  readonly files: readonly { readonly key: string; readonly hint: string }[];
  /** The first few paths, and of every snapshot at least one. */
  readonly affects: Problem['affects'];
  /** Ids of snapshots that only a new copy can make whole: they lack a directory, what the source recorded, or all. */
  readonly toCopy: readonly string[];
}
