/** What the main thread and the workers of a verification say to each other. Bytes are transferred, never copied. */
import type { SharedBlobTable } from '../blob-table.ts';
import type { MasterKey } from '../seal.ts';

export interface VerifyWorkerData {
  readonly masterKey: MasterKey;
  readonly table: SharedBlobTable;
}

/** Check a whole pack. */
export interface CheckTask {
  readonly kind: 'check';
  readonly task: number;
  readonly id: Uint8Array;
  readonly bytes: ArrayBuffer;
  /** Entries of the table that stand in it, in the order of their offsets. */
  readonly entries: Uint32Array;
}

export interface CheckDone {
  readonly kind: 'checked';
  readonly task: number;
  /** What is wrong with the pack as a file. */
  readonly faults: readonly string[];
  readonly blobs: readonly DamagedBlob[];
}

export interface DamagedBlob {
  readonly entry: number;
  readonly why: string;
}

export type FromVerifyWorker =
  | CheckDone
  | { readonly kind: 'failed'; readonly task: number; readonly code: string; readonly message: string };
