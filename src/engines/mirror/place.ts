/** Where the copies of a mirror are: a folder here, a folder of another host, or a store of objects. */
import type { Content, Entry, Reading, RestoredEntry, Warning } from '../../sources/source.ts';
import type { How } from '../engine.ts';

/** A copy is named `SOURCE/COPY`: `media/latest`. */
export interface MirrorPlace extends AsyncDisposable {
  /** Makes a copy like a reading, beside what is there. Nothing of the copy changes before `commit`, in a store of objects nothing is removed. */
  update(update: Update, how: UpdateHow): Promise<Prepared>;
  /** True where what is the same in two copies of a source is there once: then any of them is a base. Else it is the one that is replaced. */
  readonly sharesContent: boolean;
  /** The folder that the copies are in, where it is on this machine. */
  identity(): { readonly device: bigint; readonly inode: bigint } | undefined;
  /** Makes one copy the same as another, whose mark it will have in its record. */
  duplicate(from: string, to: string, mark: string, files: readonly RestoredEntry[], how: How): Promise<Duplicate>;
  /** One content for each file asked for, in order. A stream is consumed to its end before the next is asked for. */
  contents(copy: string, files: readonly RestoredEntry[], how: How): AsyncIterable<Content>;
  /** Size and hash of files; undefined where it is not there. In order. */
  measure(copy: string, files: readonly RestoredEntry[], how: MeasureHow): AsyncIterable<Measured | undefined>;
  remove(copy: string, how: How): Promise<void>;
  /** What updates that were killed left, for people. */
  leftovers(how: How): Promise<readonly string[]>;
  /**
   * Puts right what updates of a source that were killed left: a copy is what the record speaks of, by its mark, and nothing else is
   * there. Asked before a new update, by copies; undefined where the record can not be read.
   */
  recover(source: string, marks: ReadonlyMap<string, string | undefined>, how: How): Promise<void>;
  /** The name under which is what a record speaks of: another than that of the copy where a run was killed before it was recorded. */
  standing(copy: string, mark: string, how: How): Promise<string>;
}

export interface Duplicate {
  /** Removes what was in its place, once it is recorded. */
  clean(how: How): Promise<void>;
}

export interface Update {
  readonly copy: string;
  readonly reading: Reading;
  /** What the copy is to have, in the order of the reading. */
  readonly entries: readonly Entry[];
  /** A copy that is there already, with what it has by path: what is the same need not travel. */
  readonly base: { readonly copy: string; readonly files: ReadonlyMap<string, KnownFile> } | undefined;
}

export interface KnownFile {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** SHA-256 in hex. */
  readonly sha256: string;
}

/** What is known of a file now that its content was read. */
export function knownFile(entry: Entry, read: { readonly sizeBytes: number; readonly sha256: string }): KnownFile {
  const { mtimeNs, mode, uid, gid } = entry;
  return { ...{ mtimeNs, mode, uid, gid }, ...read };
}

export interface UpdateHow extends How {
  readonly warn: (warning: Warning) => void;
  /** Files to be compared with their source once more. */
  readonly sample: number;
  /** So many bytes were written so far. */
  readonly progress: (writtenBytes: number) => void;
}

export interface Prepared {
  /** Kept in the record: tells which copy it speaks of. */
  readonly mark: string;
  /** Of each file that is there its hash, by path. What is missing vanished, and was warned about. */
  readonly files: ReadonlyMap<string, KnownFile>;
  readonly writtenBytes: number;
  /** Attributes of entries, where a program carried them that the reading did not hand them to. */
  readonly xattrs?: Reading['xattrs'] | undefined;
  /** Files of the base that were left as they are. */
  readonly unchanged: number;
  /** Paths of files that are in the source and could not be read, and were warned of. */
  readonly unread: readonly string[];
  /** Takes over entries of another copy that the update has not: what can not be read is not deleted. `tops` are those with no other above them. */
  keep(from: string, tops: readonly RestoredEntry[], all: readonly RestoredEntry[], how: How): Promise<void>;
  /** From now on it is the copy. Durable when it resolves. */
  commit(): Promise<void>;
  /** Removes what the copy was before. */
  clean(): Promise<void>;
  /** Instead of `commit`: removes what was made. */
  discard(): Promise<void>;
}

export interface MeasureHow extends How {
  /** False: only sizes. */
  readonly hash: boolean;
}

export interface Measured {
  readonly sizeBytes: number;
  readonly sha256: string | undefined;
}

/** Whether a file looks as it did when the copy was made. */
export function looksSame(entry: Entry, known: KnownFile | undefined): known is KnownFile {
  return known !== undefined && known.sizeBytes === entry.sizeBytes && known.mtimeNs === entry.mtimeNs;
}
