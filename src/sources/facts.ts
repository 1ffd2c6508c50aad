/** What a source remembers about itself in each snapshot. Part of the port `source.ts`, from which others take it. */

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
