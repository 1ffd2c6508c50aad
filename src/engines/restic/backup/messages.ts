/** What the main thread and the workers of a backup say to each other. Bytes are transferred or shared, never copied. */
import type { SharedBlobTable } from '../blob-table.ts';
import { MAX_CHUNK_BYTES } from '../chunker.ts';
import type { FinishedPack } from '../packer.ts';
import type { MasterKey } from '../seal.ts';

/** Files up to this size are read by one worker as a whole; larger ones go in segments, so that several workers share them. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;
/** Streams are handed over in smaller segments: several are in memory at once, and their chunks are small. */
export const STREAM_SEGMENT_BYTES = 4 * 1024 * 1024;
/** What is left of one segment and begins the next is at most one chunk. */
export const TAIL_BYTES = MAX_CHUNK_BYTES;
/** Small files whose content comes in streams are handed over together; so much is small enough. */
export const SMALL_CONTENT_BYTES = 1024 * 1024;
export const CONTENTS_BYTES = 4 * SMALL_CONTENT_BYTES;

export interface BackupWorkerData {
  readonly masterKey: MasterKey;
  readonly gear: Int32Array;
  readonly level: number | undefined;
  readonly targetBytes: number;
  readonly table: SharedBlobTable;
}

export type BackupTask =
  | FilesTask
  /** The part of a file from `offset` on, up to a segment or the end. */
  | { readonly kind: 'segment'; readonly task: number; readonly path: string | Uint8Array; readonly offset: number }
  /** Bytes of a stream: those from `from` to `to` of the buffer, at `offset` of the stream. `last`: nothing comes after them. */
  | {
      readonly kind: 'bytes';
      readonly task: number;
      readonly offset: number;
      readonly buffer: ArrayBuffer;
      readonly from: number;
      readonly to: number;
      readonly last: boolean;
    }
  | ContentsTask
  /** Hand over the pack that is not full yet. */
  | { readonly kind: 'flush'; readonly task: number };

/** The contents of small files, one behind the other. */
export interface ContentsTask {
  readonly kind: 'contents';
  readonly task: number;
  readonly buffer: ArrayBuffer;
  readonly sizes: Float64Array;
}

export interface FilesTask {
  readonly kind: 'files';
  readonly task: number;
  readonly paths: readonly (string | Uint8Array)[];
  /** What the walk saw, to notice changes. */
  readonly sizes: Float64Array;
  readonly mtimesNs: BigInt64Array;
}

export const FILE_OK = 0;
/** Read whole, but it went on changing while it was read. */
export const FILE_CHANGED = 1;
/** Grew so much since the walk that it is to be read in segments; nothing of it was saved. */
export const FILE_GREW = 2;
export const FILE_FAILED = 3;

export interface ContentsDone {
  readonly kind: 'contents';
  readonly task: number;
  /** Number of blobs of each file; their ids follow one another in `ids`. */
  readonly counts: Int32Array;
  readonly ids: Uint8Array;
  /** To fill again. */
  readonly buffer: ArrayBuffer;
}

export interface SettledFile {
  readonly index: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface FilesDone {
  readonly kind: 'files';
  readonly task: number;
  readonly states: Uint8Array;
  readonly sizes: Float64Array;
  /** Number of blobs of each file; their ids follow one another in `ids`. */
  readonly counts: Int32Array;
  readonly ids: Uint8Array;
  /** Files that had changed since the walk, with the times that belong to what was read. */
  readonly settled: readonly SettledFile[];
  readonly failures: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

/** Where the next segment begins; sent as soon as the cuts are known, before the chunks are stored. */
export interface Cut {
  readonly kind: 'cut';
  readonly task: number;
  /** Offset in the file or stream. */
  readonly next: number;
  readonly end: boolean;
  /** The bytes behind the last cut, for a segment of a stream. */
  readonly tail: ArrayBuffer | undefined;
}

export interface SegmentDone {
  readonly kind: 'segment';
  readonly task: number;
  readonly ids: Uint8Array;
  readonly sizeBytes: number;
  /** The stream's buffer, to fill again. */
  readonly buffer: ArrayBuffer | undefined;
  /** Of a file: size and time when the segment was read. */
  readonly fileBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export type FromBackupWorker =
  | FilesDone
  | ContentsDone
  | Cut
  | SegmentDone
  /** The worker waits for a buffer to fill with the next pack. */
  | { readonly kind: 'want-buffer' }
  | { readonly kind: 'pack'; readonly pack: FinishedPack }
  | { readonly kind: 'flushed'; readonly task: number }
  /** One task failed as a whole: with the system's `code` when its file can not be read, with '' when anything else went wrong. */
  | { readonly kind: 'failed'; readonly task: number; readonly code: string; readonly message: string };
