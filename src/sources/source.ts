/**
 * The port of everything that can be protected. **Every source yields a stream of entries**; a dump is one entry.
 *
 * Reading is pulled, in batches: an engine first sees the metadata of all entries in name order and compares it with the parent
 * snapshot; only then does it ask for extended attributes and content of what changed. A local source answers with a
 * path, which an engine's worker opens itself; a dump answers with its stream.
 *
 * Writing is the mirror: the source sees the metadata of all entries to restore and says, batch by batch, where the
 * content of each goes: a local path that the engine's workers fill, or a stream it consumes itself.
 *
 * Error codes: `source.missing`, `source.unmounted`, `source.empty`, `source.unreadable`, `source.locked`, `source.corrupt`,
 * `source.failed`, `source.tool-missing` (a program that is needed is not installed), `source.tool-too-old` (a client older than its
 * server), `source.unreachable` (the server does not answer; retry later), `source.denied` (wrong password, missing rights),
 * `source.incomplete` (a dump without its end), `source.stale` (older than it may be), `target.not-empty`, `target.escapes`, `target.exists`, `target.denied`, `target.full`, `target.failed`.
 * A source that stops what uses it: `service.not-started`. Each names the source and the path.
 */
import type { SuretyError } from '../base/errors.ts';
import type { RemoteShell } from '../reach/reach.ts';

export interface Source extends AsyncDisposable {
  readonly traits: SourceTraits;
  /**
   * Checks that the source is there and begins to read it. Throws when it is missing, unmounted or unreadable as a whole, and where that can
   * be seen at once, when it is empty and was not before.
   */
  read(how: ReadHow): Promise<Reading>;
  /** Restores entries. Throws only for failures of the whole; failures of single entries are in the report. */
  write(restoring: Restoring, how: WriteHow): Promise<WriteReport>;
  /** The original place of an entry on this host, links followed. Undefined when it has none. */
  locate(entryPath: string): string | undefined;
  /** Of a source that restores into a server: what a restore would meet there now. Throws where the server can not be asked. */
  restoreOutlook?(how: { readonly signal: AbortSignal }): Promise<RestoreOutlook>;
}

export interface RestoreOutlook {
  /** What replacing the databases would be refused for, with its remedy. Undefined: nothing that can be told without trying. */
  readonly obstacle: SuretyError | undefined;
  /** What earlier restores left in the server. */
  readonly old: readonly OldDatabase[];
}

export interface OldDatabase {
  /** As it can be shown to a person. */
  readonly name: string;
  /** `kept`: what a restore replaced. `unfinished`: of one that goes on or was killed. */
  readonly state: 'kept' | 'unfinished';
  /** Undefined where this user may not know. */
  readonly sizeBytes: number | undefined;
}

export interface SourceTraits {
  /** The name in the configuration. */
  readonly name: string;
  /** `files`, `sqlite`, `postgres`, … */
  readonly kind: string;
  /**
   * Given by a source whose files are only whole when it writes them itself, as databases are: endings of the files that
   * their program keeps beside them. Where another source has files of these names, they are left alone in a restore of both.
   */
  readonly companions?: readonly string[];
  /** True when entries go into a running server instead of to paths: then {@link WriteHow.server} says how, and `target` is undefined. */
  readonly restoresIntoServer?: boolean;
}

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

/** The file that an engine may add at the top of a snapshot, for {@link SourceFacts}. A source stores and restores none of that name there. */
export const RESERVED_NAME = '.surety-snapshot.json';

export type EntryType = 'file' | 'dir' | 'symlink' | 'fifo' | 'socket' | 'chardev' | 'dev';

/** Metadata of one file, directory, link or special file. */
export interface Entry {
  /** Names joined by '/', no leading slash; each name as {@link import('../base/names.ts')} decodes it. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with set-user-id, set-group-id and sticky: 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of owner and group, '' when unknown. */
  readonly user: string;
  readonly group: string;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Content size of a file, else 0. For a stream of unknown length: -1. */
  readonly sizeBytes: number;
  readonly inode: bigint;
  /** The device (file system) it is on. */
  readonly device: bigint;
  /** Number of hard links. */
  readonly links: number;
  /** Of a symlink: its target, decoded like a name. */
  readonly linkTarget?: string;
  /** Of a device node: its number (st_rdev). */
  readonly deviceNumber?: bigint;
}

export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

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

/** What is remembered about the source inside the snapshot, as JSON. */
export interface SourceFacts {
  readonly kind: string;
  /** Versions of what was involved: `{ sqlite: '3.53.4' }`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly files: number;
  readonly sizeBytes: number;
  readonly fingerprint?: Fingerprint | undefined;
  /** For people: worth knowing, no reason to warn. Sentences without a full stop, at most a few. */
  readonly notes?: readonly string[];
  /** How long what uses the source was stopped for it. */
  readonly downtimeMs?: number;
  /** Roots that were mount points of their own, to notice later that one is not mounted. */
  readonly mounts?: readonly string[];
  /** Entry paths below the roots where another file system is mounted. */
  readonly nestedMounts?: readonly string[];
  /** Roots in which there was nothing, to tell one that is meant to be empty from one that became so. */
  readonly emptyRoots?: readonly string[];
}

/** What a database contained, recorded from the same state as the dump; a drill compares it after the restore. */
export interface Fingerprint {
  readonly algorithm: string;
  readonly tables: readonly TableFingerprint[];
  /** What is in the database besides tables, or in the server around it. */
  readonly objects?: readonly ObjectFingerprint[];
}

export interface ObjectFingerprint {
  readonly kind: 'sequence' | 'extension' | 'role' | 'view' | 'routine' | 'trigger' | 'event' | 'large-object' | 'user';
  /** As {@link TableFingerprint.name} names it. */
  readonly name: string;
  /**
   * What is to be equal after a restore: a sequence's value, an extension's version; '' when being there is all. Large objects are one
   * object whose value is how many there are.
   */
  readonly value: string;
}

export interface TableFingerprint {
  /** `table`, `schema.table`, or `database/schema.table` where several databases are in one snapshot. */
  readonly name: string;
  readonly rows: number;
  /** Hex; order-independent over the rows; undefined when only rows were counted. */
  readonly checksum?: string;
}

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
