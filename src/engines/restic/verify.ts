/**
 * The verb `verify`: reads back what is stored. It takes a shared lock: what it looks at never changes, and only what must be alone
 * (prune) removes anything, so a backup may run beside it.
 */
import type { How, Problem, VerifyHow, VerifyReport } from '../engine.ts';
import { withLock } from './locks.ts';
import type { Repository } from './repository.ts';
import { openTreeReader } from './tree-reader.ts';
import { type Examined, examine } from './verify/examine.ts';
import { findAffected } from './verify/find-affected.ts';

/** What is damaged is in the report; throws what prevents a verification: `repository.locked`, a store that fails. */
export async function verify(repository: Repository, how: VerifyHow): Promise<VerifyReport> {
  return await withLock(repository, { signal: how.signal, exclusive: false, optional: true }, (signal) =>
    run(repository, { ...how, signal }),
  );
}

async function run(repository: Repository, how: VerifyHow): Promise<VerifyReport> {
  const examined = await examine(repository, how);
  const { wanted, table, findings, snapshots, read } = examined;
  return {
    problems: await describeAffected({ repository, ...examined }, how),
    notes: findings.notes,
    snapshots: snapshots.length,
    packs: wanted?.size ?? table.packCount,
    packsRead: read.length,
    readBytes: read.reduce((sum, sizeBytes) => sum + sizeBytes, 0),
  };
}

async function describeAffected(parts: Examined & { readonly repository: Repository }, how: How): Promise<Problem[]> {
  if (parts.findings.all.length === 0) return [];
  const trees = openTreeReader(parts.repository, parts.table);
  return await findAffected({ ...parts, trees }, parts.snapshots, how);
}
