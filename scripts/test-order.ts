/**
 * The files that take longest, in seconds of a whole run on two cores, begin first: the end of a run is short then. Roughly is good
 * enough; a run names its slowest files.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'test/docs.test.ts': 140,
};

/** The same files, the slowest first and others as they were. */
export function slowestFirst(files: readonly string[]): string[] {
  return files.toSorted((a, b) => (SECONDS[b] ?? 0) - (SECONDS[a] ?? 0));
}
