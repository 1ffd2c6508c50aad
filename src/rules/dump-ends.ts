/** Keeps both ends of a dump that goes by. */
import { DUMP_END_BYTES, type DumpEnds } from './dump-trailer.ts';

export interface Ends {
  add(chunk: Uint8Array): void;
  /** Of all that was added so far. */
  ends(): DumpEnds;
}

export function openEnds(): Ends {
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  return {
    add(chunk) {
      if (head.length < DUMP_END_BYTES) head = Buffer.concat([head, chunk.subarray(0, DUMP_END_BYTES - head.length)]);
      const isWhole = chunk.length >= DUMP_END_BYTES;
      tail = isWhole
        ? Buffer.from(chunk.subarray(-DUMP_END_BYTES))
        : Buffer.concat([tail, chunk]).subarray(-DUMP_END_BYTES);
    },
    ends: () => ({ head, tail }),
  };
}
