/** What the main thread and the workers of a copy say to each other. Bytes are transferred, never copied. */
import type { SharedBlobTable } from '../blob-table.ts';
import type { FinishedPack } from '../packer.ts';
import type { MasterKey } from '../seal.ts';

export interface CopyWorkerData {
  /** Of the repository that is read. */
  readonly from: { readonly masterKey: MasterKey; readonly table: SharedBlobTable };
  /** Of the one that is written. */
  readonly to: {
    readonly masterKey: MasterKey;
    readonly table: SharedBlobTable;
    readonly level: number | undefined;
    readonly targetBytes: number;
  };
}

export type CopyTask =
  /** Sealed blobs as they stand in a pack, from `offset` of it on. */
  | {
      readonly kind: 'move';
      readonly task: number;
      readonly offset: number;
      readonly bytes: ArrayBuffer;
      /** Entries of the table that is read. */
      readonly entries: Uint32Array;
    }
  /** One plain blob, checked. */
  | { readonly kind: 'add'; readonly task: number; readonly id: Uint8Array; readonly bytes: Uint8Array }
  /** Hand over the pack that is not full yet. */
  | { readonly kind: 'flush'; readonly task: number };

export interface MoveDone {
  readonly kind: 'moved';
  readonly task: number;
  /** Entries whose blob is not good there. */
  readonly bad: readonly number[];
}

export type FromCopyWorker =
  | MoveDone
  | { readonly kind: 'flushed'; readonly task: number }
  /** The worker waits for a buffer to fill with the next pack. */
  | { readonly kind: 'want-buffer' }
  | { readonly kind: 'pack'; readonly pack: FinishedPack }
  | { readonly kind: 'failed'; readonly task: number; readonly code: string; readonly message: string };
