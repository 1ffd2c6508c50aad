import { Worker } from 'node:worker_threads';
import { messageOf, SuretyError } from '../../base/errors.ts';

/** How many tasks a worker has at once: one it works on and one at hand, so that it never waits for the main thread. */
const DEPTH = 2;

/** Bounds the part of a worker's heap that short-lived objects grow into; the bulk of its memory is in buffers anyway. */
const YOUNG_HEAP_MIB = 8;

/** What a worker says when it has loaded what it runs, before all else: a message of this kind and nothing in it. */
const READY = 'ready';

/** A message to a worker that is a task carries its number; so does every message that answers it. */
export interface NumberedTask {
  readonly task: number;
}

export interface WorkerPoolOptions<Got> {
  readonly url: URL;
  readonly workers: number;
  readonly workerData: unknown;
  /** Messages that do not end a task: `reply` sends to the worker it came from. */
  readonly onEvent: (message: Got, reply: (message: unknown, transfer?: ArrayBuffer[]) => void) => void;
  /** True for a message that ends its task. A message of kind `failed` ends it with an error in any case. */
  readonly isEnd: (message: Got) => boolean;
}

interface Running<Got> {
  readonly resolve: (message: Got) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Resolves when it has loaded all that it runs, or has ended. */
  readonly ready: Promise<void>;
  load: number;
  /** Number of the task it got last. */
  lastTask: number;
}

interface FailedTask extends NumberedTask {
  readonly kind: 'failed';
  readonly code: string;
  readonly message: string;
}

/**
 * Worker threads that take tasks. A thread is started when there is a task and all others are busy, or beforehand: small runs stay on few
 * threads, and a run that has nothing to do starts none.
 */
export class WorkerPool<Sent extends NumberedTask, Got extends { readonly kind: string }> implements AsyncDisposable {
  readonly #options: WorkerPoolOptions<Got>;
  readonly #threads: Thread[] = [];
  readonly #running = new Map<number, Running<Got>>();
  readonly #waiting: (() => void)[] = [];
  #lastTask = 0;
  #failure: Error | undefined;
  #ending = false;

  constructor(options: WorkerPoolOptions<Got>) {
    this.#options = options;
  }

  /** Starts as many workers as `tasks` tasks at once would: loading what they run takes a while, in threads that nobody else needs yet. */
  begin(tasks: number): void {
    while (this.#threads.length < Math.min(tasks, this.#options.workers)) this.#start();
  }

  /** Resolves when a worker can take a task; rejects when a worker has died. The way to keep the queue bounded. */
  async ready(): Promise<void> {
    while (this.#failure === undefined && this.#running.size >= this.#options.workers * DEPTH) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Runs a task on the least busy worker. `make` gets the task's number. */
  run(make: (task: number) => Sent, transfer: ArrayBuffer[] = []): Promise<Got> {
    // A thread started now would be one that nobody ends.
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#send(this.#leastBusy(), make, transfer);
  }

  /** Runs a task on every worker that was started. */
  runOnAll(make: (task: number) => Sent): Promise<Got[]> {
    return Promise.all(this.#threads.map((thread) => this.#send(thread, make, [])));
  }

  /** Ends the workers where they stand; tasks that are not done are then rejected with `repository.interrupted`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    const interrupted = new SuretyError('repository.interrupted', 'the work was ended before it was complete');
    this.#failure ??= interrupted;
    // A thread that is ended while it loads a native library takes the whole process with it.
    await Promise.all(this.#threads.map(({ worker, ready }) => ready.then(() => worker.terminate())));
    this.#fail(interrupted);
  }

  #send(thread: Thread, make: (task: number) => Sent, transfer: ArrayBuffer[]): Promise<Got> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const message = make(++this.#lastTask);
    thread.load += 1;
    thread.lastTask = message.task;
    return new Promise((resolve, reject) => {
      this.#running.set(message.task, { resolve, reject });
      thread.worker.postMessage(message, transfer);
    });
  }

  /** Among equals the one that got its task first, because it will be done first. Segments of one file depend on it to be cut in parallel. */
  #leastBusy(): Thread {
    const best = this.#threads.toSorted((a, b) => a.load - b.load || a.lastTask - b.lastTask)[0];
    if (best !== undefined && (best.load === 0 || this.#threads.length >= this.#options.workers)) return best;
    return this.#start();
  }

  #start(): Thread {
    const worker = new Worker(this.#options.url, {
      workerData: this.#options.workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_HEAP_MIB },
    });
    const { promise: ready, resolve: setReady } = Promise.withResolvers<void>();
    const thread: Thread = { worker, ready, load: 0, lastTask: 0 };
    // The first that it says is that it is ready.
    worker.once('message', () => setReady());
    worker.once('exit', () => setReady());
    worker.on('message', (message: Got) => this.#receive(thread, message));
    worker.on('error', (cause) => {
      this.#fail(new SuretyError('repository.failed', `a worker thread failed: ${messageOf(cause)}`, { cause }));
    });
    worker.on('exit', (code) => {
      if (!this.#ending) this.#fail(new SuretyError('repository.failed', `a worker thread ended with code ${code}`));
    });
    this.#threads.push(thread);
    return thread;
  }

  #receive(thread: Thread, message: Got): void {
    if (message.kind === READY) return;
    const failed = message.kind === 'failed';
    if (!failed && !this.#options.isEnd(message)) {
      this.#options.onEvent(message, (reply, transfer = []) => thread.worker.postMessage(reply, transfer));
      return;
    }
    const { task } = message as unknown as NumberedTask;
    const running = this.#running.get(task);
    this.#running.delete(task);
    thread.load -= 1;
    if (failed) running?.reject(errorOf(message as unknown as FailedTask));
    else running?.resolve(message);
    this.#waiting.shift()?.();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#running.values()) reject(this.#failure);
    this.#running.clear();
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function errorOf({ code, message }: FailedTask): Error {
  return Object.assign(new Error(message), code === '' ? {} : { code });
}
