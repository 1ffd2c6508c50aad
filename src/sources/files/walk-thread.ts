import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SuretyError } from '../../base/errors.ts';
import type { Owners } from '../../base/owners.ts';
import type { Entry, Warning } from '../source.ts';
import type { FilesOptions } from './options.ts';
import { type PackedEntries, unpackEntries } from './packed-entries.ts';

/** What the thread gets to know. */
export interface WalkOrder {
  readonly source: string;
  readonly options: FilesOptions;
  readonly baseDir: string;
  /** Absolute paths that other sources protect. */
  readonly elsewhere: ReadonlySet<string>;
  /** One counter: how many batches were taken. */
  readonly taken: SharedArrayBuffer;
}

export type FromWalk =
  /** It has loaded all that it runs. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'batch'; readonly packed: PackedEntries }
  | { readonly kind: 'warning'; readonly warning: Warning }
  | { readonly kind: 'empty-root'; readonly index: number }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly details: SuretyError['details'];
    };

export interface WalkThreadHow {
  readonly owners: Owners;
  readonly signal: AbortSignal;
  readonly warn: (warning: Warning) => void;
  /** Told the number of a root that is empty; may throw. */
  readonly onEmptyRoot: (index: number) => void;
}

/**
 * A walk in a thread of its own, which begins at once: while its batches are compared, and even before they are asked for, it goes on.
 */
export class WalkThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #messages: AsyncIterable<unknown[]>;
  readonly #taken: Int32Array;
  readonly #ready: Promise<void>;

  constructor(order: Omit<WalkOrder, 'taken'>) {
    const taken = new SharedArrayBuffer(4);
    this.#taken = new Int32Array(taken);
    const workerData: WalkOrder = { ...order, taken };
    this.#worker = new Worker(new URL('./walk-worker.ts', import.meta.url), { workerData, execArgv: [] });
    this.#ready = new Promise((resolve) => {
      this.#worker.once('message', () => resolve()).once('exit', () => resolve());
    });
    this.#messages = on(this.#worker, 'message', { close: ['exit'] });
  }

  async *entries(how: WalkThreadHow): AsyncIterable<readonly Entry[]> {
    for await (const [received] of this.#messages) {
      how.signal.throwIfAborted();
      const message = received as FromWalk;
      if (message.kind === 'batch') {
        yield unpackEntries(message.packed, how.owners);
        Atomics.add(this.#taken, 0, 1);
        Atomics.notify(this.#taken, 0);
      } else if (message.kind === 'warning') how.warn(message.warning);
      else if (message.kind === 'empty-root') how.onEmptyRoot(message.index);
      else if (message.kind === 'end') return;
      else if (message.kind === 'failed')
        throw new SuretyError(message.code, message.message, { hint: message.hint, details: message.details });
    }
    throw new SuretyError('source.failed', 'the thread that looks through the files ended before it was done');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A thread that is ended while it loads a native library takes the whole process with it.
    await this.#ready;
    await this.#worker.terminate();
  }
}
