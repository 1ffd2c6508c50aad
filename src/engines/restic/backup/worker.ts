/**
 * A worker of a backup: reads files (or takes bytes of a stream), cuts, hashes, looks up, compresses, encrypts and packs.
 * Everything is synchronous but waiting for a pack buffer.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../base/errors.ts';
import { BlobTable } from '../blob-table.ts';
import { createChunker } from '../chunker.ts';
import { createSealer } from '../seal.ts';
import { dataSaver } from './blob-saver.ts';
import { createContentReader } from './content-reader.ts';
import { type BackupTask, type BackupWorkerData, SEGMENT_BYTES, TAIL_BYTES, type ToBackupWorker } from './messages.ts';

const port = parentPort!;
const { masterKey, gear, level, targetBytes, table } = workerData as BackupWorkerData;

/** Takes the buffer that was asked for; there is never more than one. */
let onBuffer: ((buffer: ArrayBufferLike) => void) | undefined;

const saver = dataSaver({
  table: new BlobTable(table),
  sealer: createSealer(masterKey),
  level,
  targetBytes,
  takeBuffer: () => {
    port.postMessage({ kind: 'want-buffer' });
    return new Promise((resolve) => {
      onBuffer = resolve;
    });
  },
  onPack: (pack) => port.postMessage({ kind: 'pack', pack }),
});
const reader = createContentReader({
  chunker: createChunker(gear, SEGMENT_BYTES + TAIL_BYTES),
  saver,
  post: (message, transfer) => port.postMessage(message, transfer),
});

const waiting: BackupTask[] = [];
let running = false;

async function runAll(): Promise<void> {
  if (running) return;
  running = true;
  for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
    try {
      await reader.run(task);
    } catch (error) {
      port.postMessage({ kind: 'failed', task: task.task, code: '', message: messageOf(error) });
    }
  }
  running = false;
}

port.on('message', (message: ToBackupWorker) => {
  if (message.kind === 'buffer') {
    onBuffer?.(message.buffer);
    return;
  }
  waiting.push(message);
  void runAll();
});
