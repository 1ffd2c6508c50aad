/** Compares copies with what was recorded of them: that every file is there with its size, or also its content. */
import type { RestoredEntry } from '../../sources/source.ts';
import type { Problem, VerifyHow, VerifyReport } from '../engine.ts';
import { takeInventory } from './list.ts';
import { type CopyRecord, type MirrorHandle, readEntries } from './record.ts';
import type { Repository } from './repository.ts';

interface Tally {
  readonly problems: Problem[];
  readonly notes: string[];
  packs: number;
  packsRead: number;
  readBytes: number;
}

/** A file counts as one pack. */
export async function verify(repository: Repository, how: VerifyHow): Promise<VerifyReport> {
  const { copies, unreadable } = await takeInventory(repository, how);
  const problems = unreadable.map(({ key, error }): Problem => {
    return { code: 'snapshot.damaged', key, message: error.message, affects: [] };
  });
  const tally: Tally = { problems, notes: [], packs: 0, packsRead: 0, readBytes: 0 };
  const chosen = copies.filter(({ snapshot }) => how.snapshots?.includes(snapshot.id) ?? true);
  for (const record of chosen) await verifyCopy(repository, record, how, tally);
  const leftovers = await repository.place.leftovers(how);
  const notes = leftovers.map(
    (name) => `${name} was left by a run that was killed; the next run of its source removes it`,
  );
  return { ...tally, notes: [...tally.notes, ...notes], snapshots: chosen.length };
}

const BATCH_FILES = 10_000;

async function verifyCopy(repository: Repository, record: CopyRecord, how: VerifyHow, tally: Tally): Promise<void> {
  const choose = chooser(how);
  let batch: RestoredEntry[] = [];
  const at = await repository.place.standing(record.copy, record.mark, how);
  const look = async (): Promise<void> => {
    await verifyFiles(repository, { ...record, at }, batch, how, tally, choose);
    batch = [];
  };
  try {
    for await (const entry of readEntries(repository.records, record, how)) {
      if (entry.type === 'file') batch.push(entry);
      if (batch.length >= BATCH_FILES) await look();
    }
    await look();
  } catch (error) {
    how.signal.throwIfAborted();
    if (!(error instanceof Error && 'code' in error && error.code === 'repository.damaged')) throw error;
    const affects = [{ snapshot: record.snapshot.id, path: '' }];
    tally.problems.push({ code: 'snapshot.damaged', key: record.entriesKey, message: error.message, affects });
  }
}

async function verifyFiles(
  { place }: Repository,
  { at: standing, copy, snapshot }: CopyRecord & { readonly at: string },
  files: readonly RestoredEntry[],
  how: VerifyHow,
  tally: Tally,
  choose: (file: RestoredEntry, copy: string) => boolean,
): Promise<void> {
  const report = (code: string, path: string, message: string) => {
    const affects = [{ snapshot: snapshot.id, path }];
    tally.problems.push({ code, key: `${copy}/${path}`, message, affects });
  };
  const hashed: RestoredEntry[] = [];
  const plain: RestoredEntry[] = [];
  for (const file of files) (how.depth === 'data' && choose(file, copy) ? hashed : plain).push(file);
  for (const [group, hash] of [
    [plain, false],
    [hashed, true],
  ] as const) {
    let at = 0;
    for await (const found of place.measure(standing, group, { signal: how.signal, hash })) {
      const { path, sizeBytes, handle } = group[at++]!;
      tally.packs += 1;
      const { sha256 } = handle as MirrorHandle;
      if (found === undefined) report('archive.missing', path, `${path} is not there`);
      else if (found.sizeBytes !== sizeBytes) {
        report('archive.damaged', path, `${path} has ${found.sizeBytes} bytes, not ${sizeBytes}`);
      } else if (hash && sha256 !== undefined && found.sha256 !== sha256) {
        report('archive.damaged', path, `the content of ${path} is not what was mirrored`);
      }
      if (!hash) continue;
      tally.packsRead += 1;
      tally.readBytes += sizeBytes;
      how.progress?.({ phase: 'check', items: tally.packsRead, sizeBytes: tally.readBytes, current: path });
    }
  }
}

/** Which files are read. */
function chooser({ subset }: VerifyHow): (file: RestoredEntry, copy: string) => boolean {
  if (subset === undefined) return () => true;
  if ('files' in subset) {
    const keys = new Set(subset.files);
    return ({ path }, copy) => keys.has(`${copy}/${path}`);
  }
  if ('part' in subset) return ({ path }) => numberOf(path) % subset.of === subset.part - 1;
  if ('percent' in subset) return ({ path }) => numberOf(path) % 10_000 < subset.percent * 100;
  let left = subset.sizeBytes;
  return ({ sizeBytes }) => {
    left -= sizeBytes;
    return left + sizeBytes > 0;
  };
}

/** The same for the same path. FNV-1a, 32 bits. */
function numberOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < path.length; at++) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
