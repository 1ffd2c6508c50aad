import type { SnapshotFacts } from '../engine.ts';
import type { EntryRecord } from '../entry-record.ts';

/** An entry in the document that Surety puts into an archive. */
export interface DocumentRecord extends EntryRecord {
  /** It has several names. */
  readonly linked?: boolean | undefined;
}

export interface DocumentHead {
  readonly facts: SnapshotFacts;
  /** Entries that borg has under another path, by their own. */
  readonly stored_as?: Readonly<Record<string, string>> | undefined;
}

/** What was read of a document. `records` undefined: there are more than are kept. */
export interface KnownFacts {
  readonly path: string;
  readonly head: DocumentHead;
  readonly records: readonly DocumentRecord[] | undefined;
}

/** What the `handle` of a restored file is. */
export interface ContentHandle {
  /** Of the item that has the content. */
  readonly path: string;
  /** Which item of the archive that is. */
  readonly ordinal: number;
  readonly sizeBytes: number;
  /** Bytes of content in front of it. */
  readonly offset: number;
  /** Part of it was lost, and borg has put zeros there. */
  readonly isBroken: boolean;
}

/** An entry of a snapshot, as JSON. */
export interface HeldEntry extends DocumentRecord {
  readonly inode: number;
  readonly links: number;
  readonly handle?: ContentHandle | undefined;
}
