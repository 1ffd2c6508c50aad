import { messageOf, SuretyError } from '../../../base/errors.ts';
import type { BlobOpener } from '../blob-reader.ts';
import type { BlobTable } from '../blob-table.ts';
import { idText } from '../format/id.ts';
import { decodePackHeader, LENGTH_BYTES, type PackEntry, packHeaderLength } from '../format/pack.ts';
import { packEntry } from '../pack-entries.ts';
import { keyOf } from '../repository.ts';
import type { Sealer } from '../seal.ts';
import { sha256 } from '../sha256.ts';
import type { CheckDone, CheckTask, DamagedBlob } from './messages.ts';

/** Checks every byte of a pack: its name, its header against the index, and each blob. The bytes are overwritten. */
export function checkPack(task: CheckTask, table: BlobTable, sealer: Sealer, opener: BlobOpener): CheckDone {
  const bytes = new Uint8Array(task.bytes);
  const faults: string[] = [];
  if (!sha256(bytes).equals(task.id)) faults.push('its content does not fit its name');
  const fault = checkHeader(task, bytes, table, sealer);
  if (fault !== undefined) faults.push(fault);
  return { kind: 'checked', task: task.task, faults, blobs: checkBlobs(task, bytes, table, opener) };
}

function checkHeader(task: CheckTask, bytes: Uint8Array, table: BlobTable, sealer: Sealer): string | undefined {
  const key = keyOf('data', idText(task.id));
  try {
    if (bytes.length <= LENGTH_BYTES) return 'it is too short to be a pack';
    const end = bytes.length - LENGTH_BYTES;
    const length = packHeaderLength(bytes.subarray(end), bytes.length, key);
    const header = sealer.openInPlace(bytes.subarray(end - length, end));
    if (header === undefined) return 'its header is not authentic';
    return compare(decodePackHeader(header, bytes.length, key), task.entries, table);
  } catch (error) {
    if (!(error instanceof SuretyError)) throw error;
    return messageOf(error).replace(`${key} is damaged: `, '');
  }
}

function compare(header: readonly PackEntry[], entries: Uint32Array, table: BlobTable): string | undefined {
  if (header.length !== entries.length) {
    return `its header names ${header.length} blobs, but the index ${entries.length}`;
  }
  const differs = header.findIndex((blob, at) => !isSame(blob, packEntry(table, entries[at]!)));
  return differs < 0
    ? undefined
    : `its header and the index disagree about the blob at byte ${header[differs]!.offset}`;
}

function isSame(one: PackEntry, other: PackEntry): boolean {
  return (
    one.offset === other.offset &&
    one.length === other.length &&
    one.rawLength === other.rawLength &&
    one.type === other.type &&
    Buffer.compare(one.id, other.id) === 0
  );
}

function checkBlobs(task: CheckTask, bytes: Uint8Array, table: BlobTable, opener: BlobOpener): DamagedBlob[] {
  const damaged: DamagedBlob[] = [];
  for (const entry of task.entries) {
    const from = table.offsetOf(entry);
    const to = from + table.lengthOf(entry);
    const opened =
      to > bytes.length
        ? 'it is cut off'
        : opener.open(bytes.subarray(from, to), table.rawLengthOf(entry), table.idOf(entry));
    if (typeof opened === 'string') damaged.push({ entry, why: opened });
  }
  return damaged;
}
