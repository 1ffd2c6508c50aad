/** How much a repository takes, and how much more fits. */
export interface Usage {
  /** Bytes of its files, as its store lists them; undefined where that can not be told. */
  readonly storedBytes: number | undefined;
  /** False when looking ended before all files were seen: there are more. */
  readonly isWhole: boolean;
  /** Undefined where nobody knows. */
  readonly freeBytes: number | undefined;
}

/** Looks for a limited time. Throws what the store throws. */
export type MeasureUsage = (how: { readonly signal: AbortSignal }) => Promise<Usage>;
