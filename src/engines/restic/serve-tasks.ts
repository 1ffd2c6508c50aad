/** The side of the pool in a worker that fills packs: tasks are done one after another, and buffers are asked for. */
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import type { NumberedTask } from './worker-pool.ts';

export interface TaskServer<Task extends NumberedTask> {
  /** A buffer for the next pack, when the main thread has one; never asked for twice at once. */
  takeBuffer(): Promise<ArrayBufferLike>;
  /** Begins to do the tasks that come. What one throws ends that task. */
  serve(run: (task: Task) => void | Promise<void>): void;
}

interface BufferMessage {
  readonly kind: 'buffer';
  readonly buffer: ArrayBufferLike;
}

export function taskServer<Task extends NumberedTask & { readonly kind: string }>(port: MessagePort): TaskServer<Task> {
  let onBuffer: ((buffer: ArrayBufferLike) => void) | undefined;
  const waiting: Task[] = [];
  let running = false;

  async function runAll(run: (task: Task) => void | Promise<void>): Promise<void> {
    if (running) return;
    running = true;
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      try {
        await run(task);
      } catch (error) {
        port.postMessage({ kind: 'failed', task: task.task, code: '', message: messageOf(error) });
      }
    }
    running = false;
  }

  return {
    takeBuffer() {
      port.postMessage({ kind: 'want-buffer' });
      return new Promise((resolve) => {
        onBuffer = resolve;
      });
    },
    serve(run) {
      port.on('message', (message: Task | BufferMessage) => {
        if (message.kind === 'buffer') {
          onBuffer?.((message as BufferMessage).buffer);
          return;
        }
        waiting.push(message as Task);
        void runAll(run);
      });
    },
  };
}
