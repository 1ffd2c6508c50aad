/** Re-reads backups and compares them with what was recorded. */
import type { Problem, VerifyHow, VerifyReport } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import type { Repository } from './repository.ts';
import { type Backup, type Inventory, takeInventory } from './sidecars.ts';
import { chooseBackups } from './verify/choose.ts';
import { verifyBackup } from './verify/verify-backup.ts';

/** What can be told only by reading a file is not told at depth `structure`. */
export async function verify(repository: Repository, how: VerifyHow): Promise<VerifyReport> {
  const inventory = await takeInventory(repository, how);
  const wanted = how.snapshots === undefined ? undefined : new Set(how.snapshots);
  const backups = inventory.backups.filter(({ sidecar }) => wanted?.has(sidecar.id) ?? true);
  const problems: Problem[] = unreadable(inventory, wanted);
  const notes = new Set(notesOn(inventory));
  const toRead = how.depth === 'data' ? chooseBackups(backups, how.subset) : new Set<Backup>();
  const tell = pacedProgress(how, repository.clock);
  const totalBytes = [...toRead].reduce((sum, { file }) => sum + file.sizeBytes, 0);
  let readBytes = 0;
  for (const [at, backup] of backups.entries()) {
    how.signal.throwIfAborted();
    const { id } = backup.sidecar;
    tell({ phase: 'check', items: at, totalItems: backups.length, sizeBytes: readBytes, totalBytes, current: id });
    const found = await verifyBackup(repository, backup, toRead.has(backup), how);
    problems.push(...found.problems);
    for (const note of found.notes) notes.add(note);
    readBytes += found.readBytes;
  }
  tell({ phase: 'check', items: backups.length, totalItems: backups.length, sizeBytes: readBytes, totalBytes });
  return {
    ...{ problems, notes: [...notes], snapshots: backups.length },
    ...{ packs: backups.length, packsRead: toRead.size, readBytes },
  };
}

function unreadable({ unreadable: all }: Inventory, wanted: ReadonlySet<string> | undefined): Problem[] {
  const asked = all.filter(({ id }) => wanted?.has(id) ?? true);
  return asked.map(({ id, key, error }) => ({
    code: /is missing$/.test(error.message) ? 'archive.missing' : 'metadata.damaged',
    ...{ key, message: error.message, affects: [{ snapshot: id, path: '' }] },
  }));
}

const NAMED = 3;

function notesOn({ orphans }: Inventory): string[] {
  if (orphans.length === 0) return [];
  const more = orphans.length > NAMED ? ` and ${orphans.length - NAMED} more` : '';
  const named = orphans.slice(0, NAMED).map(({ key }) => key);
  return [`files without metadata, of a backup that was killed or is under way: ${named.join(', ')}${more}`];
}
