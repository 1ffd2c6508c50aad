import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type ErrorFacts, messageOf, SuretyError } from '../../base/errors.ts';
import type { Fingerprint } from '../source.ts';
import type { JournalMode } from './copy.ts';
import type { Integrity } from './integrity.ts';
import type { FingerprintLevel } from './options.ts';
import type { About } from './sqlite-error.ts';

interface CopyTask {
  readonly kind: 'copy';
  readonly about: About;
  readonly path: string;
  readonly copyPath: string;
  readonly busyTimeoutMs: number;
}

interface CheckTask {
  readonly kind: 'check';
  readonly about: About;
  readonly path: string;
}

interface FingerprintTask {
  readonly kind: 'fingerprint';
  readonly about: About;
  readonly path: string;
  readonly level: FingerprintLevel;
}

export type Task = CopyTask | CheckTask | FingerprintTask;

export interface CopyReport {
  readonly journalMode: JournalMode;
  readonly integrity: Integrity;
  /** Of the copy's bytes, in hex. */
  readonly sha256: string;
}

/** What goes into the thread. */
export interface ThreadData {
  readonly task: Task;
  /** One 32-bit integer; not 0: stop soon. */
  readonly cancelledFlag: SharedArrayBuffer;
}

/** What comes out of the thread. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: { code: string; message: string; facts: ErrorFacts } };

/** A thread that does not stop by itself this long after an abort is ended the hard way. */
const STOP_AFTER_MS = 2000;

export function runInThread(task: CopyTask, signal: AbortSignal): Promise<CopyReport>;
export function runInThread(task: CheckTask, signal: AbortSignal): Promise<Integrity>;
export function runInThread(task: FingerprintTask, signal: AbortSignal): Promise<Fingerprint | undefined>;
/** Does the task in a thread of its own. Rejects with its SuretyError, or with the signal's reason after an abort. */
export async function runInThread(task: Task, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted();
  const cancelledFlag = new SharedArrayBuffer(4);
  const workerData: ThreadData = { task, cancelledFlag };
  // Node's own options of this process may be about how its main program is read, which is no file of ours.
  const worker = new Worker(new URL('./thread-worker.ts', import.meta.url), { workerData, execArgv: [] });
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    Atomics.store(new Int32Array(cancelledFlag), 0, 1);
    timer = setTimeout(() => void worker.terminate(), STOP_AFTER_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const ended = once(worker, 'exit');
    const [answer] = (await Promise.race([once(worker, 'message'), ended.then(() => [undefined])])) as [Answer?];
    await ended;
    signal.throwIfAborted();
    if (answer === undefined) throw new SuretyError('source.failed', `the thread for ${task.about.path} ended early`);
    if (answer.ok) return answer.value;
    throw new SuretyError(answer.error.code, answer.error.message, answer.error.facts);
  } catch (error) {
    if (error instanceof SuretyError || signal.aborted) throw error;
    // Such as a thread without memory: nothing the task itself could say.
    const message = `the thread for ${task.about.path} failed: ${messageOf(error)}`;
    throw new SuretyError('source.failed', message, { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
