/**
 * A worker of a backup: reads files (or takes bytes of a stream), cuts, hashes, looks up, compresses, encrypts and packs.
 * Everything is synchronous but waiting for a pack buffer.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { BlobTable } from '../blob-table.ts';
import { createChunker } from '../chunker.ts';
import { createSealer } from '../seal.ts';
import { taskServer } from '../serve-tasks.ts';
import { dataSaver } from './blob-saver.ts';
import { createContentReader } from './content-reader.ts';
import { type BackupTask, type BackupWorkerData, SEGMENT_BYTES, TAIL_BYTES } from './messages.ts';

const port = parentPort!;
const { masterKey, gear, level, targetBytes, table } = workerData as BackupWorkerData;
const server = taskServer<BackupTask>(port);
const saver = dataSaver({
  table: new BlobTable(table),
  sealer: createSealer(masterKey),
  level,
  targetBytes,
  takeBuffer: server.takeBuffer,
  onPack: (pack) => port.postMessage({ kind: 'pack', pack }),
});
const reader = createContentReader({
  chunker: createChunker(gear, SEGMENT_BYTES + TAIL_BYTES),
  saver,
  post: (message, transfer) => port.postMessage(message, transfer),
});
server.serve((task) => reader.run(task));
port.postMessage({ kind: 'ready' });
