/** Backs up one reading: one file and its sidecar, which is written last. */
import { messageOf } from '../../base/errors.ts';
import type { Reading } from '../../sources/source.ts';
import type { BackupHow, BackupResult } from '../engine.ts';
import { type Shape, shapeOf } from '../shape.ts';
import { openSpool } from '../spool.ts';
import { startTally } from '../tally.ts';
import { successDocument } from './backup/document.ts';
import { FileList } from './backup/file-list.ts';
import { recordFailure } from './backup/record-failure.ts';
import { type ReservedName, reserveName } from './backup/reserve.ts';
import { storeContent } from './backup/store-content.ts';
import { storeList } from './backup/store-list.ts';
import { toJson, type Working } from './backup/working.ts';
import { confirmLocked } from './confirm-locked.ts';
import { logLine } from './day-log.ts';
import { contentExtension, extensionOf, type NameFacts, SIDECAR_ENDING, typeOfKind } from './naming.ts';
import { type Repository, requireAdopted } from './repository.ts';
import { toSnapshot } from './sidecars.ts';
import { checkSpace } from './space.ts';

/**
 * Throws what the reading and the store throw; then a sidecar with `status: failed` is all that is left. Killed at any moment it leaves at
 * most a file without a sidecar, which counts for nothing.
 */
export async function backup(repository: Repository, reading: Reading, how: BackupHow): Promise<BackupResult> {
  how.signal.throwIfAborted();
  requireAdopted(repository);
  const started = { startedAt: repository.clock.now(), startedMs: repository.clock.elapsedMs() };
  const working: Working = { repository, reading, how, ...started };
  const taken: { name?: ReservedName | undefined; stored: string[] } = { stored: [] };
  try {
    await checkSpace(repository, how.source, how);
    const shape = await shapeOf(reading, typeOfKind(how.kind) === 'files');
    const facts = nameFacts(repository, how, shape);
    taken.name = await reserveName(repository, facts, how);
    const result = await store(working, shape, facts, taken.name, taken.stored);
    await confirmLocked(repository, taken.name.key(SIDECAR_ENDING), how);
    return result;
  } catch (error) {
    if (how.isCopy !== true) taken.name ??= await nameForRecord(repository, how);
    await recordFailure(working, taken.name, taken.stored, error);
    throw error;
  } finally {
    await taken.name?.release();
  }
}

const RECORD_TIMEOUT_MS = 30_000;

/** A name for the record of a backup that failed before it had one. Undefined where even that can not be had. */
async function nameForRecord(repository: Repository, how: BackupHow): Promise<ReservedName | undefined> {
  const signal = AbortSignal.timeout(RECORD_TIMEOUT_MS);
  return await reserveName(repository, nameFacts(repository, how), { signal }).catch(() => undefined);
}

function nameFacts({ compression, recipients }: Repository, how: BackupHow, shape?: Shape): NameFacts {
  const isSingle = shape?.container === 'single';
  const content = isSingle ? contentExtension(shape.file.path) : 'tar';
  const own = isSingle ? shape.file.path.replace(/^.*\//, '').replace(/\.[^.]*$/, '') : '';
  return {
    type: typeOfKind(how.kind),
    source: how.source,
    database: own === '' ? how.source : own,
    time: how.startedAt,
    ext: extensionOf(content, compression, recipients.length > 0),
  };
}

/** Names each file it puts in `stored`, before it does. */
async function store(
  working: Working,
  shape: Shape,
  facts: NameFacts,
  name: ReservedName,
  stored: string[],
): Promise<BackupResult> {
  const { repository, how } = working;
  await using list = new FileList();
  await using spool = openSpool();
  const tally = startTally(how, repository.clock);
  const key = name.key(`.${facts.ext}`);
  stored.push(key);
  const content = await storeContent({ ...working, shape, key, tally, list, spool });
  const listName = await storeList(repository, list, name, stored, how);
  const document = successDocument(working, { ...content, shape, name, facts, list, listName, tally });
  await repository.store.put(name.key(SIDECAR_ENDING), toJson(document), { ...how, ifAbsent: true });
  await logEnd(working, name.id, document.size_bytes, tally.warn);
  return { snapshot: toSnapshot(name.id, document), stats: document.stats, facts: document.facts, files: [key] };
}

/** The backup is there: whatever is wrong with the log is not worth failing for. */
async function logEnd(
  { repository, how, startedMs }: Working,
  id: string,
  sizeBytes: number,
  warn: BackupHow['warn'],
): Promise<void> {
  const seconds = ((repository.clock.elapsedMs() - startedMs) / 1000).toFixed(1);
  const text = `success source=${how.source} size=${sizeBytes} duration=${seconds}s`;
  const line = { level: 'INFO', startedAt: how.startedAt, at: repository.clock.now(), id, text } as const;
  try {
    await logLine(repository, line, how);
  } catch (error) {
    warn({
      code: 'log.unwritten',
      path: 'logs',
      message: `the log of the day can not be written: ${messageOf(error)}`,
    });
  }
}
