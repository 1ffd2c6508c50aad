/**
 * The port of a repository: it shapes entries into snapshots and back.
 *
 * What an engine guarantees:
 * - A snapshot exists only when everything it names is durably stored: its marker is written last.
 * - A backup that throws or is killed leaves the repository valid; what it stored is used by the next run or removed by prune.
 * - Bytes are verified before they leave the engine; damage is reported with the file of the repository it is in.
 * - Nothing here decides *which* snapshots go: `forget` gets ids.
 *
 * Error codes: `repository.missing`, `repository.exists`, `repository.version`, `repository.wrong-password`,
 * `repository.locked` (retry later; exit code 4), `repository.lock-lost` (another program may have changed the repository meanwhile),
 * `repository.damaged`, `tree.damaged` (a directory of a snapshot), `repository.failed` (a worker died), `repository.interrupted` (work
 * went on after its end), `snapshot.unknown` (the hint names the nearest), `snapshot.ambiguous`, `snapshot.path-missing`,
 * `key.unknown`, `key.in-use`, `key.empty-password`, `repository.cannot` (a verb its traits do not name), `repository.append-only`, `repository.wrong-recipient`,
 * `repository.no-identity`, `repository.wrong-identity` (the secret key for what is encrypted is missing or another one),
 * `repository.no-rsync` and `repository.too-many-deletions` (of a mirror), and those of the store.
 */
import type { PinDocument, PinMark, UnpinDocument } from '../rules/pins.ts';
import type { Reading, RestoredEntry, Restoring, Warning } from '../sources/source.ts';
import type { Copying, CopyingHow } from './copying.ts';
import type { HealReport, OfferedContent, WantedContents } from './healing.ts';
import type { How, ProgressHow } from './how.ts';
import type { BackupStats, Listing, Snapshot, SnapshotFacts } from './snapshot.ts';
import type { PruneHow, PruneReport, RebuildReport, VerifyHow, VerifyReport } from './upkeep.ts';

export type * from './copying.ts';
export type * from './healing.ts';
export type * from './how.ts';
export type * from './snapshot.ts';
export type * from './upkeep.ts';

export interface Engine extends AsyncDisposable {
  readonly traits: EngineTraits;
  backup(reading: Reading, how: BackupHow): Promise<BackupResult>;
  /** Leaves a record of a backup that failed before there was a reading, where this kind of repository keeps any. Never throws. */
  recordFailure?(error: Error, how: BackupHow & { readonly host: string }): Promise<void>;
  /** Begins to fetch what a backup will ask for, while other answers are on their way. What fails is told when it is asked for. */
  fetchAhead?(how: How): void;
  /** All snapshots, oldest first. Throws rather than leaving one out: what can not be read is in `unreadable`. */
  list(how: How): Promise<Listing>;
  /** The snapshot whose id starts with `prefix`. Throws `snapshot.unknown` or `snapshot.ambiguous`. */
  find(prefix: string, how: How): Promise<Snapshot>;
  /** What the source recorded in the snapshot, or undefined for one that Surety did not write. */
  facts(snapshot: Snapshot, how: How): Promise<SnapshotFacts | undefined>;
  /** Entries of a snapshot in name order, those selected and the directories above them. */
  entries(snapshot: Snapshot, how: EntriesHow): AsyncIterable<readonly RestoredEntry[]>;
  /** Checks that all selected content is there (by index and pack sizes) and begins to restore. */
  restore(snapshot: Snapshot, how: EntriesHow): Promise<Restoring>;
  verify(how: VerifyHow): Promise<VerifyReport>;
  /**
   * Begins to take over snapshots of another repository as they are stored there, without a detour over their entries. Undefined, or missing,
   * where that is not possible: then they are read from the other and backed up here.
   */
  copyFrom?(other: Engine, how: CopyingHow): Promise<Copying | undefined>;
  /**
   * Stores again what is damaged or missing, from elsewhere, and whatever is still good of the files it stands in; these go when all that was in them is
   * stored. Every byte is checked against what the repository says of it before it is stored. Killed anywhere, nothing is lost that was there. Missing
   * where a repository of this kind can not be healed.
   */
  heal?(how: HealHow): Promise<HealReport>;
  /**
   * Removes snapshots, and records of failed backups where it lists any; their content stays until `prune`. Unknown ids are fine. Returns those that stay
   * because a lock of the store keeps them.
   */
  forget(ids: readonly string[], how: How): Promise<readonly KeptByLock[]>;
  prune(how: PruneHow): Promise<PruneReport>;
  /** Makes the index anew from the pack headers. */
  rebuildIndex(how: How & ProgressHow): Promise<RebuildReport>;
  /** Removes stale locks, or all of them. Returns how many. */
  unlock(how: How & { readonly all: boolean }): Promise<number>;
  readonly keys: KeyRing;
  /** What keeps snapshots from being removed, for every machine. Missing where a repository of this kind can not have any. */
  readonly pins?: PinBoard | undefined;
  /** What the service that keeps the repository says, which no client can make up. Missing where there is nobody but this machine to ask. */
  readonly service?: ServiceWitness | undefined;
  /** What an engine of the same kind needs of this one for `copyFrom` and `heal`; opaque to everybody else. */
  readonly inner?: unknown;
}

/** A snapshot, by its id, that nobody can remove before a time. */
export interface KeptByLock {
  readonly id: string;
  /** Undefined: the service does not say. */
  readonly until: Date | undefined;
}

export interface ServiceWitness {
  /** The service's clock. Missing where it does not tell. */
  now?(how: How): Promise<Date>;
  /** When the snapshots were stored, by the service's clock, by their ids. Missing where the time of a file can be chosen by who writes it. */
  storedAt?(how: How): Promise<ReadonlyMap<string, Date>>;
  /** Those of the snapshots that a lock keeps. Missing where there are no locks. */
  locked?(ids: readonly string[], how: How): Promise<readonly KeptByLock[]>;
  /** What becomes of what is removed. Missing where it is gone. */
  afterwards?(how: How): Promise<Afterwards>;
}

/** What is removed stays for a while, and takes room. */
export interface Afterwards {
  /** Removed files stay as older versions. */
  readonly versions: boolean;
  /** Days until the service removes older versions by a rule of its own; undefined: it does not, or does not say. */
  readonly versionsForDays?: number | undefined;
  /** Days that removed files can be brought back. */
  readonly softDeleteDays?: number | undefined;
}

export interface EngineTraits {
  readonly kind: string;
  /** Of the repository itself: no two have the same, and it stays when the repository is moved. */
  readonly id: string;
  /** For people, without secrets. */
  readonly location: string;
  readonly deduplicates: boolean;
  readonly encrypts: boolean;
  /** True where a new snapshot stands by itself, so that reading it back whole after each backup costs no more than the backup. */
  readonly readsBackNew: boolean;
  /** True where a new snapshot takes the place of an older one of its source. */
  readonly replaces?: boolean;
  /** True where `restore` reads all that is stored of the snapshot and checks it before it hands out anything. */
  readonly checksBeforeRestore?: boolean;
  /** True where contents are had one after another, in the order of the snapshot: what is asked for beside them costs as much as all of them. */
  readonly readsInOrder?: boolean;
  /** True where content that comes as a stream is read whole each time, though only what is new is stored. */
  readonly rereadsStreams?: boolean;
  /** True where nobody can tell before it is done what `prune` will free: a dry run frees 0. */
  readonly prunesUnseen?: boolean;
  /** True where every removal is refused: what stays is not to be taken for removed. */
  readonly appendOnly?: boolean;
  /**
   * Verbs this engine has; others throw. Operations ask here, never `instanceof`. `keys` is all of {@link KeyRing} but `export`; where there
   * is one password only, `change-key` is `list` and `change`.
   */
  readonly can: ReadonlySet<
    'cleanup' | 'verify-data' | 'keys' | 'change-key' | 'export-key' | 'rebuild-index' | 'unlock'
  >;
}

export interface BackupHow extends How, ProgressHow {
  readonly warn: (warning: Warning) => void;
  /** Kind of the source: `files`, `postgres`, … */
  readonly kind: string;
  /** Name of the source: snapshots with the same source, host and paths are a series. */
  readonly source: string;
  readonly tags: readonly string[];
  /** The id that all snapshots of one run share. */
  readonly recoveryPoint: string;
  readonly excludes: readonly string[];
  /** When the run started; becomes the snapshot's time. */
  readonly startedAt: Date;
  /** Read every file even if it looks unchanged. */
  readonly force?: boolean;
  /** Paths of entries of which the source has said so far that they are there and can not be read: what is below them is not gone either. */
  readonly unread?: () => readonly string[];
  /** Told of snapshots whose place the new one takes, before they go. */
  readonly replacing?: (ids: readonly string[]) => void;
  /** It is a snapshot of another repository that is read: where that fails, no backup has failed, and nothing is recorded. */
  readonly isCopy?: boolean;
}

export interface BackupResult {
  readonly snapshot: Snapshot;
  readonly stats: BackupStats;
  readonly facts: SnapshotFacts;
  /** Keys of the repository's files that hold what is new, where a snapshot has some of its own. */
  readonly files?: readonly string[];
}

/** Said to who opens a repository: the verb begins at once, so what it looks at first is fetched along with what opening needs. */
export interface OpenAhead {
  readonly verb: 'backup' | 'restore';
  /** Called when this thread only waits, so that it is free for something else; not where opening fails before. */
  begun(): void;
}

export interface EntriesHow extends How {
  /** Only these: paths (with what is below) or globs with `*`, `**`, `?`; undefined: all. A leading slash is ignored. */
  readonly select?: readonly string[] | undefined;
  /**
   * Told of each file and directory whose content is not to be had; all the rest is handed out. Without it the first is thrown. A lost file
   * is among the entries all the same, and fails when its content is asked for; of a lost directory only what stands before the damage is known.
   */
  readonly onLost?: ((path: string, error: Error) => void) | undefined;
  /** Content is asked for at once, so what that takes is made ready meanwhile. */
  readonly contentSoon?: boolean | undefined;
}

export interface HealHow extends How, ProgressHow {
  readonly warn: (warning: Warning) => void;
  /** Looks what can be had, and stores nothing. */
  readonly dryRun: boolean;
  /** Keys of files that a verification found bad. They are read again; what shows without reading whole files is looked for anyway. */
  readonly suspects: readonly string[];
  /** Where to take what is lost from, the best first. One that fails is passed over with a warning. */
  readonly from: readonly HealFrom[];
}

export interface HealFrom {
  /** For people: `repository vault`, `source media`. */
  readonly name: string;
  /** Another repository: what it stores under the same name is the same. */
  readonly open?: (how: How) => Promise<Engine>;
  /** Contents of some of these files as they are there, in any order; those that are not there are left out. May be another version. */
  readonly contents?: (wanted: WantedContents, how: How) => AsyncIterable<OfferedContent>;
}

export interface KeyRing {
  list(how: How): Promise<readonly KeyInfo[]>;
  /** Returns the new key's id. */
  add(password: string, how: How): Promise<string>;
  remove(id: string, how: How): Promise<void>;
  /** Adds a key for the new password, then removes the one in use. Returns the new id. */
  change(password: string, how: How): Promise<string>;
  /** The key as text, to be kept elsewhere: with the password it opens the repository when its own key is lost. */
  export?(how: How): Promise<string>;
}

/** Pins are kept with the repository, beside the snapshots; `forget` and `prune` take no notice of them: who calls these does. */
export interface PinBoard {
  /** All that were ever set, and what lifts them; what can not be read is among them. Throws rather than leaving one out. */
  list(how: How): Promise<readonly PinMark[]>;
  /** Durable when its promise resolves. Changes and removes nothing. Returns its name. */
  add(snapshot: string, document: PinDocument | UnpinDocument, how: How): Promise<string>;
}

export interface KeyInfo {
  readonly id: string;
  readonly user: string;
  readonly host: string;
  readonly created: Date;
  readonly current: boolean;
}
