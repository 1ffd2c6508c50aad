/** How entries of a snapshot come back. Part of the port `source.ts`, from which others take it. */
import type { Entry, Xattr } from './entry.ts';
import type { SourceFacts } from './facts.ts';
import type { ContentHow, Reading, Warning } from './reading.ts';

/** Entries of one snapshot being restored; given by an engine to `Source.write`. */
export interface Restoring extends AsyncDisposable {
  readonly facts: SourceFacts | undefined;
  /** Selected entries and the directories above them, in the order of {@link Reading.entries}. Consumed once. */
  entries(): AsyncIterable<readonly RestoredEntry[]>;
  /**
   * Writes the content of some files to local paths, in parallel and in the order that suits the repository. Each file
   * is reported exactly once, in any order. Every byte is verified before it is written; a file that can not be
   * completed is removed and reported with its error. Ask in batches of up to {@link PLACE_FILES} files.
   */
  place(files: readonly Placement[], how: ContentHow): AsyncIterable<Placed>;
  /** The content of one file, verified, for a source that consumes it itself. */
  stream(entry: RestoredEntry, how: ContentHow): AsyncIterable<Uint8Array>;
}

export const PLACE_FILES = 16_384;

export interface RestoredEntry extends Entry {
  readonly xattrs: readonly Xattr[];
  /** The engine's own handle to the content; opaque to sources. */
  readonly handle: unknown;
}

export interface Placement {
  readonly entry: RestoredEntry;
  /** Where the content goes. Created exclusively; it is an error if it exists. */
  readonly path: string;
  /** Owner, mode and times to set on the open file when its content is complete; undefined: the source does it. */
  readonly attributes: PlacedAttributes | undefined;
}

export interface PlacedAttributes {
  /** Undefined where owners are not restored (not running as root). */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly mode: number;
  readonly mtimeNs: bigint;
}

export interface Placed {
  /** Index in the `files` that were asked for. */
  readonly index: number;
  readonly error?: Error;
  /** The content is complete, but the attributes of the placement could not all be set: the source tries, and warns. */
  readonly unattributed?: boolean;
}

export interface WriteHow {
  readonly signal: AbortSignal;
  readonly warn: (warning: Warning) => void;
  /** Absolute local directory or file the entries go below; undefined: the original place. */
  readonly target: string | undefined;
  /**
   * What is done where something exists. `changed` leaves alone what looks as it did (see {@link WriteReport.unchanged}) and
   * replaces the rest; `overwrite` replaces everything; `newer` what is older than in the snapshot.
   */
  readonly conflict: 'refuse' | 'skip' | 'changed' | 'overwrite' | 'newer';
  readonly dryRun: boolean;
  /** For a source that restores into a server. Default: a new database that takes the place of the original. */
  readonly server?: ServerRestore | undefined;
  /** Called as work is done, with totals so far. */
  readonly progress?: (done: { readonly files: number; readonly sizeBytes: number }) => void;
}

/** How databases go back into a server. */
export interface ServerRestore {
  /** Name of a new database, left beside the original. Only for a snapshot of one database. */
  readonly as?: string | undefined;
  /** Into the database that is there, after a safety dump, instead of into a new one that is swapped in by rename. */
  readonly inPlace: boolean;
  /** Remove the database that was replaced, instead of keeping it under a dated name. */
  readonly dropOld: boolean;
  /** Give everything to this role; undefined: to the owners it had. */
  readonly owner?: string | undefined;
  /** Only these tables, as `table` or `schema.table`; needs a dump that can be read in parts. */
  readonly tables?: readonly string[] | undefined;
  /** Only these schemas; needs a dump that can be read in parts. */
  readonly schemas?: readonly string[] | undefined;
  /** The databases of the source that takes what another one stored: nothing else of the server is replaced. Undefined: each has its own name. */
  readonly own?: readonly string[] | undefined;
}

export interface WriteReport {
  readonly files: number;
  readonly dirs: number;
  readonly others: number;
  readonly sizeBytes: number;
  /** Entries left as they were because of the conflict policy. */
  readonly skipped: number;
  /** Entries left as they were because type, size, time, mode, owner and attributes are those of the snapshot. Contents were not read. */
  readonly unchanged: number;
  /** Entries that could not be restored; each was also warned about. */
  readonly failed: readonly { readonly path: string; readonly error: Error }[];
  /** The first changes in the order they would happen; filled in a dry run. */
  readonly plan: readonly { readonly path: string; readonly action: 'create' | 'overwrite' | 'skip' }[];
  /** Checks made after writing, such as the comparison of a database with its fingerprint. */
  readonly checks: readonly { readonly what: string; readonly ok: boolean; readonly detail: string }[];
  /** For people: worth knowing, no reason to warn. Sentences without a full stop, at most a few. */
  readonly notes: readonly string[];
}
