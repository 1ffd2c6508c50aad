/**
 * A worker of a copy: opens blobs with the key of one repository, checks them against their ids, and seals them with the key of the other.
 * What is compressed stays compressed.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { dataSaver } from '../backup/blob-saver.ts';
import { createBlobOpener } from '../blob-reader.ts';
import { BlobTable } from '../blob-table.ts';
import { createSealer, SEAL_OVERHEAD, SEAL_PREFIX } from '../seal.ts';
import { taskServer } from '../serve-tasks.ts';
import type { CopyTask, CopyWorkerData } from './messages.ts';

const port = parentPort!;
const { from, to } = workerData as CopyWorkerData;
const table = new BlobTable(from.table);
const opener = createBlobOpener(createSealer(from.masterKey));
const server = taskServer<CopyTask>(port);
const saver = dataSaver({
  table: new BlobTable(to.table),
  sealer: createSealer(to.masterKey),
  level: to.level,
  targetBytes: to.targetBytes,
  takeBuffer: server.takeBuffer,
  onPack: (pack) => port.postMessage({ kind: 'pack', pack }),
});

/** Says whether the blob is good. It is stored plain where it was, or where the other repository can not hold compressed ones. */
async function move(sealed: Uint8Array, entry: number): Promise<boolean> {
  const id = table.idOf(entry);
  const rawLength = table.rawLengthOf(entry);
  const plain = opener.open(sealed, rawLength, id);
  if (typeof plain === 'string') return false;
  const isPacked = rawLength > 0 && to.level !== undefined;
  // Opening was in place: between prefix and tag stands what was sealed.
  const packed = sealed.subarray(SEAL_PREFIX, sealed.length - SEAL_OVERHEAD + SEAL_PREFIX);
  await (isPacked ? saver.store(packed, id, rawLength) : saver.store(plain, id));
  return true;
}

server.serve(async (task) => {
  if (task.kind === 'flush') {
    saver.flush();
    port.postMessage({ kind: 'flushed', task: task.task });
    return;
  }
  const bad: number[] = [];
  if (task.kind === 'add') await saver.store(task.bytes, task.id);
  else {
    const bytes = new Uint8Array(task.bytes);
    for (const entry of task.entries) {
      const at = table.offsetOf(entry) - task.offset;
      if (!(await move(bytes.subarray(at, at + table.lengthOf(entry)), entry))) bad.push(entry);
    }
    // Frees the memory now instead of when it is next collected.
    task.bytes.transfer(0);
  }
  port.postMessage({ kind: 'moved', task: task.task, bad });
});
port.postMessage({ kind: 'ready' });
