/** A worker of a verification: checks packs. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, systemCode } from '../../../base/errors.ts';
import { createBlobOpener } from '../blob-reader.ts';
import { BlobTable } from '../blob-table.ts';
import { createSealer } from '../seal.ts';
import { checkPack } from './check-pack.ts';
import type { CheckTask, VerifyWorkerData } from './messages.ts';

const port = parentPort!;
const { masterKey, table: shared } = workerData as VerifyWorkerData;
const table = new BlobTable(shared);
const sealer = createSealer(masterKey);
const opener = createBlobOpener(sealer);

port.on('message', (task: CheckTask) => {
  try {
    port.postMessage(checkPack(task, table, sealer, opener));
  } catch (error) {
    port.postMessage({ kind: 'failed', task: task.task, code: systemCode(error) ?? '', message: messageOf(error) });
  }
  // Frees the memory now instead of when it is next collected.
  task.bytes.transfer(0);
});
port.postMessage({ kind: 'ready' });
