/** What the main thread and the workers of a restore say to each other. Bytes are transferred or shared, never copied. */
import type { SharedBlobTable } from '../blob-table.ts';
import type { MasterKey } from '../seal.ts';
import type { SystemPath } from './write-file.ts';

export interface RestoreWorkerData {
  readonly masterKey: MasterKey;
  readonly table: SharedBlobTable;
  /** What ranges of packs are read into. */
  readonly buffers: readonly SharedArrayBuffer[];
}

/** Write blobs to files. */
export interface PlaceTask {
  readonly kind: 'place';
  readonly task: number;
  /** A range of a pack, or the number of the shared buffer that begins with it; and where in the pack it begins. */
  readonly bytes: ArrayBuffer | number;
  readonly offset: number;
  /** Entries of the table to decode, and how many uses each has. */
  readonly entries: Int32Array;
  readonly useCounts: Int32Array;
  /** All uses in the order of the entries: the file (a number within this task), and where in it the blob goes. */
  readonly useFiles: Int32Array;
  readonly usePositions: Float64Array;
  readonly files: PlaceFiles;
}

/** The files of a task, column by column: a message of few large parts is cheap. */
export interface PlaceFiles {
  readonly paths: readonly SystemPath[];
  /** How many uses a file has in this task. */
  readonly uses: Int32Array;
  /** 1: all of the file is in this task, which creates and completes it. 0: a part of a file that is there already. */
  readonly whole: Uint8Array;
  readonly sizes: Float64Array;
  /** 1: set owner, mode and time when a whole file is complete. */
  readonly withAttributes: Uint8Array;
  /** -1 where the owner is left as it is. */
  readonly uids: Float64Array;
  readonly gids: Float64Array;
  readonly modes: Uint16Array;
  readonly mtimesNs: BigInt64Array;
}

export const FILE_OK = 0;
/** A blob of it is damaged; of a whole file nothing is left. */
export const FILE_DAMAGED = 1;
/** Could not be written; of a whole file nothing is left that the task made. */
export const FILE_FAILED = 2;

export interface FileFailure {
  readonly file: number;
  readonly code: string;
  readonly message: string;
}

export interface PlaceDone {
  readonly kind: 'placed';
  readonly task: number;
  readonly states: Uint8Array;
  readonly failures: readonly FileFailure[];
  /** Files that are complete but for their attributes. */
  readonly unattributed: readonly number[];
}

export type FromRestoreWorker =
  | PlaceDone
  | { readonly kind: 'failed'; readonly task: number; readonly code: string; readonly message: string };
