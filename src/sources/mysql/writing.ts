import type { RestoredEntry, Restoring, ServerRestore, WriteHow } from '../source.ts';
import type { Server } from './client.ts';
import type { Tools } from './tools.ts';

/** What a restore has done so far. */
export interface Tally {
  files: number;
  sizeBytes: number;
  skipped: number;
  readonly failed: { path: string; error: Error }[];
  readonly plan: { path: string; action: 'create' | 'overwrite' | 'skip' }[];
  readonly checks: { what: string; ok: boolean; detail: string }[];
  readonly notes: string[];
}

export interface Writing {
  readonly server: Server;
  readonly tools: Tools;
  readonly folder: string;
  readonly restoring: Restoring;
  readonly how: WriteHow;
  readonly wanted: ServerRestore;
  readonly tally: Tally;
}

/** Counts a file that is restored, and tells it. */
export function count(tally: Tally, entry: RestoredEntry, how: WriteHow): void {
  tally.files += 1;
  tally.sizeBytes += entry.sizeBytes;
  how.progress?.({ files: tally.files, sizeBytes: tally.sizeBytes });
}
