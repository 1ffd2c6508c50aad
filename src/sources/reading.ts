/** How a source is read. Part of the port `source.ts`, from which others take it. */
import type { RemoteShell } from '../reach/reach.ts';
import type { Entry, Xattr } from './entry.ts';
import type { SourceFacts } from './facts.ts';

export interface ReadHow {
  readonly signal: AbortSignal;
  readonly warn: (warning: Warning) => void;
  /** What the newest snapshot of the same source recorded; a source uses it to notice that it became empty or unmounted. */
  readonly previous?: SourceFacts | undefined;
  /** Called now and then while work goes on that shows in no entry and no byte, such as a fingerprint: else it looks stalled. */
  readonly alive?: (() => void) | undefined;
  /** Nothing of it is kept, so nothing is stopped for it: what is read may be in the middle of a change. */
  readonly look?: boolean;
}

/** Something that did not work for one entry but does not end the run; it makes the exit code 3. */
export interface Warning {
  /**
   * Reading: `entry.vanished`, `entry.changed`, `entry.unreadable`, `entry.unchecked`, `attribute.unreadable`, `source.shrunk`,
   * `entry.incomplete` (a dump that is left out), `entry.stale`, `service.left-stopped` (by a run that was killed),
   * `source.unfinished-restore` (what a killed restore left in a server; writing tells it too). Writing: `entry.skipped`,
   * `entry.failed`, `attribute.unwritable`. Of the repository: `snapshot.unreadable`.
   */
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

/** One source being read, once. Methods are called in the order they stand here; `entries` is consumed once. */
export interface Reading extends AsyncDisposable {
  /** The name of the host the source lives on. */
  readonly host: string;
  /** The roots as a person knows them: absolute paths, or relative ones as configured. */
  readonly paths: readonly string[];
  /** Where the entries stand as they are, for engines that have a program of their own read them. Missing where they stand nowhere so, as a dump. */
  readonly tree?: ReadingTree | undefined;
  /**
   * Metadata of all entries, depth first: a directory comes before what is in it, siblings are in byte order of their names
   * (`base/names.ts`), and the directories above a root come too. Batches of at most {@link BATCH_ENTRIES}.
   */
  entries(): AsyncIterable<readonly Entry[]>;
  /** How many entries are best asked for at once, where every request takes its time, as from another host. Missing: as they come. */
  readonly askAhead?: number | undefined;
  /**
   * Extended attributes (ACLs are among them) of some entries, in their order. Asked only for what is new or changed. Those of a file may be
   * filled in later: they are complete when its content is handed out.
   */
  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] | Promise<readonly (readonly Xattr[])[]>;
  /**
   * Has files that look changed compared where they stand, so that their content need not come. In their order: the extended attributes of one
   * that has the content that is known of it and still is what its entry says; undefined for one that is to be read. Missing where nobody
   * asked for it, or nothing would be saved.
   */
  compare?:
    | ((touched: readonly TouchedFile[], how: ContentHow) => Promise<readonly (readonly Xattr[] | undefined)[]>)
    | undefined;
  /** Exactly one content per file entry asked for, in order. A stream is consumed to its end before the next is asked for. */
  content(entries: readonly Entry[], how: ContentHow): Iterable<Content> | AsyncIterable<Content>;
  /**
   * Called when all content was taken and before the snapshot is stored. Throws when what was read must not count: a dump without its
   * end, a tool that exited non-zero, a root that turned out empty.
   */
  finish(): Promise<SourceFacts>;
}

/** A file tree that programs such as `rsync` and `borg` can read. What `entries` leaves out they are not to read. */
export interface ReadingTree {
  /** Undefined: on this machine. */
  readonly shell: RemoteShell | undefined;
  /** The absolute path there of an entry. Undefined where it has none. */
  locate(entryPath: string): string | undefined;
}

export const BATCH_ENTRIES = 1024;

/** A file that is not what it was, though as long. */
export interface TouchedFile {
  readonly entry: Entry;
  /** What its content consisted of, one behind the other; together as long as the file. */
  readonly pieces: readonly ContentPiece[];
}

export interface ContentPiece {
  /** Of its bytes, as 64 hex digits. */
  readonly sha256: string;
  /** At least 1. */
  readonly sizeBytes: number;
}

export interface ContentHow {
  readonly signal: AbortSignal;
}

export type Content =
  /** A file of this machine; may be gone by the time it is opened. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array> }
  /** Not to be had any more; the source has already warned. The entry is left out of the snapshot. */
  | { readonly kind: 'gone' };
