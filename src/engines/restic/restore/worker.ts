/** A worker of a restore: authenticates, decrypts, decompresses and checks blobs, and writes them to files. All synchronous. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, systemCode } from '../../../base/errors.ts';
import { createBlobOpener } from '../blob-reader.ts';
import { BlobTable } from '../blob-table.ts';
import { createSealer } from '../seal.ts';
import type { PlaceTask, RestoreWorkerData } from './messages.ts';
import { runPlaceTask } from './place-task.ts';

const port = parentPort!;
const { masterKey, table: shared, buffers } = workerData as RestoreWorkerData;
const table = new BlobTable(shared);
const opener = createBlobOpener(createSealer(masterKey));

port.on('message', (task: PlaceTask) => {
  try {
    const bytes = typeof task.bytes === 'number' ? buffers[task.bytes]! : task.bytes;
    port.postMessage(runPlaceTask(task, bytes, table, opener));
  } catch (error) {
    port.postMessage({ kind: 'failed', task: task.task, code: systemCode(error) ?? '', message: messageOf(error) });
  }
  // Frees the memory now instead of when it is next collected.
  if (typeof task.bytes !== 'number') task.bytes.transfer(0);
});
port.postMessage({ kind: 'ready' });
