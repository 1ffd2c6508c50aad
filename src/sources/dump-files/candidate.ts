/** A file of the folder that may be a dump. */
export interface Candidate {
  /** Relative to the folder. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Of the file itself, links followed. */
  readonly stats: CandidateStats;
  /** Whether the name is that of a link to it. */
  readonly isLink: boolean;
}

export interface CandidateStats {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
}
