/** Runs in a worker thread: one task, one answer. SQLite's calls block, and the main thread has timers and signals to serve. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { SuretyError } from '../../base/errors.ts';
import { copyDatabase } from './copy.ts';
import { fingerprint, openUnchanging } from './fingerprint.ts';
import { checkIntegrity } from './integrity.ts';
import { toSourceError } from './sqlite-error.ts';
import type { Answer, Task, ThreadData } from './thread.ts';

const { task, cancelledFlag } = workerData as ThreadData;
const flag = new Int32Array(cancelledFlag);
const cancelled = (): boolean => Atomics.load(flag, 0) !== 0;

async function run(work: Task): Promise<unknown> {
  if (work.kind === 'copy') {
    const journalMode = await copyDatabase({ ...work, cancelled });
    using copy = openUnchanging(work.copyPath);
    return { journalMode, integrity: checkIntegrity(copy), sha256: await hashFile(work.copyPath) };
  }
  using database = openUnchanging(work.path);
  if (work.kind === 'check') return checkIntegrity(database);
  return fingerprint(database, work.level, cancelled);
}

async function hashFile(path: string): Promise<string> {
  const hasher = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hasher);
  return hasher.digest('hex');
}

async function answer(): Promise<Answer> {
  try {
    return { ok: true, value: await run(task) };
  } catch (error) {
    const { code, message, hint, retry, details }: SuretyError = toSourceError(error, task.about);
    return { ok: false, error: { code, message, facts: { hint, retry, details } } };
  }
}

parentPort!.postMessage(await answer());
