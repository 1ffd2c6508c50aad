import { createHash } from 'node:crypto';
import { randomHex } from '../../../base/ids.ts';
import type { VerifyHow } from '../../engine.ts';
import type { Backup } from '../sidecars.ts';

/** Which backups are read: all of them, the n-th of m equal parts, or some at random. */
export function chooseBackups(backups: readonly Backup[], subset: VerifyHow['subset']): Set<Backup> {
  if (subset === undefined) return new Set(backups);
  if ('files' in subset) {
    const files = new Set(subset.files);
    return new Set(backups.filter(({ file }) => files.has(file.key)));
  }
  if ('part' in subset) {
    return new Set(backups.filter(({ sidecar }) => partOf(sidecar.id, subset.of) === subset.part - 1));
  }
  const total = backups.reduce((sum, { file }) => sum + file.sizeBytes, 0);
  const wantedBytes = 'percent' in subset ? (total * subset.percent) / 100 : subset.sizeBytes;
  const chosen = new Set<Backup>();
  let sizeBytes = 0;
  for (const backup of shuffled(backups)) {
    if (sizeBytes >= wantedBytes) break;
    chosen.add(backup);
    sizeBytes += backup.file.sizeBytes;
  }
  return chosen;
}

/** A backup stays in its part, whatever is added and removed. */
function partOf(id: string, of: number): number {
  return createHash('sha256').update(id).digest().readUInt32BE() % of;
}

function shuffled(backups: readonly Backup[]): Backup[] {
  const ranked = backups.map((backup) => ({ backup, rank: randomHex(8) }));
  return ranked.sort((left, right) => (left.rank < right.rank ? -1 : 1)).map(({ backup }) => backup);
}
