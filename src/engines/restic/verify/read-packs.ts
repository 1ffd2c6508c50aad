/** Reads packs as wholes and has workers check every byte of them. */
import { hasCode } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { How } from '../../engine.ts';
import type { BlobTable } from '../blob-table.ts';
import { openByteBudget } from '../byte-budget.ts';
import { blobName } from '../copies.ts';
import { idBytes, idText } from '../format/id.ts';
import { groupByPack } from '../pack-entries.ts';
import { packKey } from '../pack-key.ts';
import { keyOf, type Repository, type RepositoryFile } from '../repository.ts';
import { WorkerPool } from '../worker-pool.ts';
import type { Findings } from './findings.ts';
import type { CheckDone, CheckTask, DamagedBlob, FromVerifyWorker, VerifyWorkerData } from './messages.ts';

/** Packs that are read or being checked, in all. */
const BUDGET_BYTES = 64 * 1024 * 1024;
/** Damaged blobs that a message names. */
const BLOBS_NAMED = 3;

export interface PackTools {
  readonly repository: Repository;
  readonly table: BlobTable;
  readonly findings: Findings;
}

/** A pack to read: a number of the table, or a file that no index names. */
type Candidate = { readonly pack: number; readonly sizeBytes: number } | { readonly unindexed: RepositoryFile };

export interface ReadPacksHow extends How {
  readonly onPack: (sizeBytes: number) => void;
}

export async function readPacks(
  tools: PackTools,
  packs: readonly number[],
  unindexed: readonly RepositoryFile[],
  sizes: Float64Array,
  how: ReadPacksHow,
): Promise<void> {
  const { repository, table } = tools;
  await using pool = openPool(repository, table);
  const budget = openByteBudget(BUDGET_BYTES);
  const entries = groupByPack(table);
  const candidates: Candidate[] = [
    ...packs.filter((pack) => sizes[pack]! >= 0).map((pack) => ({ pack, sizeBytes: sizes[pack]! })),
    ...unindexed.map((file) => ({ unindexed: file })),
  ];
  const check = async (id: Uint8Array, blobs: Uint32Array, signal: AbortSignal): Promise<CheckDone | undefined> => {
    const bytes = await readWhole(repository, keyOf('data', idText(id)), signal);
    if (bytes === undefined) return undefined;
    const make = (task: number): CheckTask => ({ kind: 'check', task, id, bytes, entries: blobs.slice() });
    return (await pool.run(make, [bytes])) as CheckDone;
  };
  const places = Math.max(repository.store.traits.connections, repository.workers * 2 + 1);
  await eachConcurrently(candidates, places, how.signal, async (candidate, signal) => {
    const sizeBytes = 'pack' in candidate ? candidate.sizeBytes : candidate.unindexed.sizeBytes;
    await budget.take(sizeBytes, signal);
    try {
      if ('pack' in candidate) {
        const { pack } = candidate;
        const blobs = entries.of(pack);
        await judge(tools, pack, () => check(table.packId(pack), blobs, signal));
      } else await judgeUnindexed(tools, candidate.unindexed, (id) => check(id, new Uint32Array(), signal));
      how.onPack(sizeBytes);
    } finally {
      budget.give(sizeBytes);
    }
  });
}

function openPool(repository: Repository, table: BlobTable): WorkerPool<CheckTask, FromVerifyWorker> {
  const workerData: VerifyWorkerData = { masterKey: repository.masterKey, table: table.shared };
  return new WorkerPool({
    url: new URL('./worker.ts', import.meta.url),
    workers: repository.workers,
    workerData,
    onEvent: () => {},
    isEnd: ({ kind }) => kind === 'checked',
  });
}

/** Undefined when it has gone since it was listed. */
async function readWhole(repository: Repository, key: string, signal: AbortSignal): Promise<ArrayBuffer | undefined> {
  try {
    const bytes = await repository.store.read(key, undefined, { signal });
    // A part of a larger buffer can not be handed to a worker.
    return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  } catch (error) {
    if (hasCode(error, 'store.not-found')) return undefined;
    throw error;
  }
}

/** Looks twice before it calls a pack damaged: the first time it may have been the way here. */
async function judge(tools: PackTools, pack: number, check: () => Promise<CheckDone | undefined>): Promise<void> {
  const { table, findings } = tools;
  const isSound = (done: CheckDone | undefined) => done?.faults.length === 0 && done.blobs.length === 0;
  if (isSound(await check())) return;
  const done = await check();
  if (isSound(done)) return;
  const key = packKey(table, pack);
  if (done === undefined) {
    findings.addMissingPack(pack, { code: 'pack.missing', key, message: `${key} is missing` });
    return;
  }
  const { faults, blobs } = done;
  const entries = blobs.map(({ entry }) => entry);
  const message = `${key} is damaged: ${[...faults, ...describe(table, blobs)].join('; ')}`;
  findings.addForPack(pack, entries, { code: blobs.length > 0 ? 'blob.damaged' : 'pack.damaged', key, message });
}

function describe(table: BlobTable, blobs: readonly DamagedBlob[]): string[] {
  const named = blobs
    .slice(0, BLOBS_NAMED)
    .map(({ entry, why }) => `${blobName(table.idOf(entry), table.typeOf(entry))}: ${why}`);
  return blobs.length > BLOBS_NAMED ? [...named, `and ${blobs.length - BLOBS_NAMED} more of its blobs`] : named;
}

/** Nothing depends on such a pack, but whoever rebuilds the index wants to know. */
async function judgeUnindexed(
  { findings }: PackTools,
  { id }: RepositoryFile,
  check: (id: Uint8Array) => Promise<CheckDone | undefined>,
): Promise<void> {
  const done = await check(idBytes(id));
  const fault = done?.faults[0];
  if (fault === 'its content does not fit its name' || fault === 'its header is not authentic') {
    findings.notes.push(`${keyOf('data', id)}, which no index names, is damaged: ${fault}`);
  }
}
