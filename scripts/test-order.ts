/**
 * The files that take longest, in seconds of processor time, begin first: the end of a run is short then. Roughly is good enough; a run
 * names its slowest files.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'test/faults/killed.test.ts': 44,
  'src/engines/contract.test.ts': 23,
  'test/services/store-check.test.ts': 22,
  'test/services/ransomware.test.ts': 20,
  'test/services/far-databases.test.ts': 20,
  'test/end-to-end/copy.test.ts': 20,
  'test/end-to-end/every-store.test.ts': 20,
  'test/faults/damage.test.ts': 18,
  'test/services/mysql-restore-stopped.test.ts': 17,
  'test/interop/surety-reads-restic.test.ts': 17,
  'test/documented/pages-0.test.ts': 17,
  'test/documented/pages-3.test.ts': 17,
  'test/services/mysql-restore.test.ts': 16,
  'test/services/sftp.test.ts': 15,
  'src/engines/restic/heal.test.ts': 14,
  'test/services/restore-postgres.test.ts': 14,
  'test/services/s3-contract.test.ts': 14,
  'test/services/s3-locks.test.ts': 13,
  'test/services/azure.test.ts': 13,
  'test/interop/restic-shared.test.ts': 13,
  'test/end-to-end/several-repositories.test.ts': 13,
  'test/faults/repository-files.test.ts': 12,
  'test/documented/pages-1.test.ts': 12,
  'test/documented/pages-2.test.ts': 12,
  'src/engines/restic/backup.test.ts': 11,
  'test/services/mysql-read.test.ts': 11,
  'test/services/far-databases-pods.test.ts': 11,
  'test/faults/power-loss.test.ts': 11,
  'src/stores/contract.test.ts': 10,
  'src/operations/heal.test.ts': 10,
  'test/services/restore-outlook.test.ts': 10,
  'test/faults/heal-killed.test.ts': 10,
  'test/interop/archive.test.ts': 9,
  'test/interop/restic-repository.test.ts': 9,
};

/** The same files, the slowest first and others as they were. */
export function slowestFirst(files: readonly string[]): string[] {
  return files.toSorted((a, b) => (SECONDS[b] ?? 0) - (SECONDS[a] ?? 0));
}
