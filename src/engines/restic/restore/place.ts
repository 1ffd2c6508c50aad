/** Writes the content of a batch of files: reads in the order of packs, workers that open and write, repair of what is damaged. */
import { hasCode } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { ContentHow, Placed, Placement } from '../../../sources/source.ts';
import type { BlobTable } from '../blob-table.ts';
import type { ByteBudget } from '../byte-budget.ts';
import type { CarefulReader } from '../copies.ts';
import { packKey } from '../pack-key.ts';
import type { Repository } from '../repository.ts';
import type { ContentHandle } from '../restored-entry.ts';
import type { WorkerPool } from '../worker-pool.ts';
import type { Available } from './available.ts';
import { FILE_OK, type FromRestoreWorker, type PlaceDone, type PlaceTask } from './messages.ts';
import { placeMessage } from './place-message.ts';
import { Placing } from './placing.ts';
import { planUses, type Read, readsOf, type Uses, type WantedUses } from './plan.ts';
import type { RangeBuffers } from './range-buffers.ts';
import { repairFile } from './repair.ts';
import { openResultQueue } from './result-queue.ts';

export interface PlaceTools {
  readonly repository: Repository;
  readonly table: BlobTable;
  readonly available: Available;
  readonly careful: CarefulReader;
  readonly pool: WorkerPool<PlaceTask, FromRestoreWorker>;
  readonly budget: ByteBudget;
  readonly buffers: RangeBuffers;
  /** How many reads and tasks may be under way at once. */
  readonly places: number;
}

/** Empty files that one task creates. */
const EMPTY_FILES = 256;

/** A part of a batch: one read, or some files without content. */
type Job = { readonly read: Read } | { readonly empty: readonly number[] };

/** Each file is reported once. Ends early when it is no longer consumed; what is incomplete then is removed. */
export async function* place(
  tools: PlaceTools,
  files: readonly Placement[],
  how: ContentHow,
): AsyncGenerator<Placed, void, undefined> {
  const left = new AbortController();
  const signal = AbortSignal.any([how.signal, left.signal]);
  const results = openResultQueue<Placed>();
  const work = placeAll(tools, files, signal, results.push).then(results.end, results.fail);
  try {
    yield* results;
  } finally {
    left.abort();
    await work;
  }
}

async function placeAll(
  tools: PlaceTools,
  files: readonly Placement[],
  signal: AbortSignal,
  report: (placed: Placed) => void,
): Promise<void> {
  const { table, available } = tools;
  const contents = files.map(({ entry }) => entry.handle as ContentHandle);
  const uses = planUses(contents, table, available);
  const placing = new Placing(files, uses, report);
  try {
    for (const [file, ids] of contents.entries()) {
      if (uses.perFile[file] === -1) placing.fail(file, available.explain(ids.find((id) => available.find(id) < 0)!));
    }
    await eachConcurrently(jobsOf(uses, table), tools.places, signal, async (job, both) => {
      if ('read' in job) await runRead({ ...tools, uses, placing }, job.read, both);
      else await runEmpty(tools, placing, job.empty);
    });
    for (const file of placing.damaged) {
      signal.throwIfAborted();
      await repairFile(tools, placing, file, contents[file]!, signal);
    }
  } finally {
    placing.removeIncomplete();
  }
}

function* jobsOf(uses: Uses, table: BlobTable): Generator<Job> {
  let empty: number[] = [];
  for (let file = 0; file < uses.perFile.length; file++) {
    if (uses.perFile[file] !== 0) continue;
    empty.push(file);
    if (empty.length < EMPTY_FILES) continue;
    yield { empty };
    empty = [];
  }
  if (empty.length > 0) yield { empty };
  for (const read of readsOf(uses, table)) yield { read };
}

const NO_USES: WantedUses = { uses: [], files: [] };

async function runEmpty(tools: PlaceTools, placing: Placing, empty: readonly number[]): Promise<void> {
  const message = placeMessage(placing, { ...NO_USES, files: empty }, new ArrayBuffer(0), 0);
  settle(placing, empty, message, await runTask(tools, message));
}

interface ReadTools extends PlaceTools {
  readonly uses: Uses;
  readonly placing: Placing;
}

async function runRead(tools: ReadTools, read: Read, signal: AbortSignal): Promise<void> {
  const { budget, buffers, placing } = tools;
  await budget.take(read.length, signal);
  const buffer = buffers.take(read.length);
  try {
    const bytes = await readPack(tools, read, buffer, signal);
    const wanted = placing.wanted(read);
    if (bytes === undefined) {
      for (const file of wanted.files) placing.markDamaged(file, countUses(tools.uses, wanted, file));
      return;
    }
    if (wanted.uses.length === 0) return;
    const message = placeMessage(placing, wanted, bytes, read.offset);
    settle(placing, wanted.files, message, await runTask(tools, message));
  } finally {
    if (buffer !== undefined) buffers.give(buffer);
    budget.give(read.length);
  }
}

function countUses(uses: Uses, wanted: WantedUses, file: number): number {
  return wanted.uses.reduce((sum, use) => sum + (uses.files[use] === file ? 1 : 0), 0);
}

/**
 * Reads into the shared buffer of this number where the store does that, and then returns the number. Undefined when the pack is missing or
 * too short: each blob is looked for by itself later.
 */
async function readPack(
  { repository, table, buffers }: ReadTools,
  { pack, offset, length }: Read,
  buffer: number | undefined,
  signal: AbortSignal,
): Promise<PlaceTask['bytes'] | undefined> {
  const shared = buffer === undefined ? undefined : buffers.all[buffer]!;
  const into = shared && new Uint8Array(shared);
  try {
    const bytes = await repository.store.read(packKey(table, pack), { offset, length }, { signal, into });
    if (buffer !== undefined && (bytes.buffer as ArrayBufferLike) === shared) return buffer;
    // A part of a buffer can not be handed to a worker without the rest of it.
    return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  } catch (error) {
    if (hasCode(error, 'store.not-found', 'store.incomplete')) return undefined;
    throw error;
  }
}

async function runTask({ pool }: PlaceTools, message: Omit<PlaceTask, 'task'>): Promise<PlaceDone> {
  return (await pool.run(
    (task) => ({ ...message, task }),
    typeof message.bytes === 'number' ? [] : [message.bytes],
  )) as PlaceDone;
}

/** Takes over what a worker says about the files of its task. */
function settle(placing: Placing, files: readonly number[], message: Omit<PlaceTask, 'task'>, done: PlaceDone): void {
  const errors = new Map(done.failures.map(({ file, code, message: text }) => [file, systemError(code, text)]));
  const unattributed = new Set(done.unattributed);
  files.forEach((file, at) => {
    const state = done.states[at] ?? FILE_OK;
    if (message.files.whole[at] === 1) placing.settleWhole(file, state, errors.get(at), unattributed.has(at));
    else placing.settlePart(file, message.files.uses[at]!, state, errors.get(at));
  });
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), code === '' ? {} : { code });
}
