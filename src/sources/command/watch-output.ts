/** Looks at output as it goes by and says at its end whether it is what was expected. */
import { formatBytes } from '../../base/bytes.ts';
import type { ExpectedOutput } from './options.ts';

export interface OutputWatch {
  see(chunk: Uint8Array): void;
  sizeBytes(): number;
  /** What is wrong with all that was seen: `it has only 3 B, expected at least 1 MiB`. */
  problem(): string | undefined;
}

/** So much white space may follow the expected end. */
const SPACE_BYTES = 1024;

export function watchOutput({ minBytes, startsWith, endsWith }: ExpectedOutput): OutputWatch {
  const [first, last] = [Buffer.from(startsWith), Buffer.from(endsWith)];
  const tailBytes = last.length + SPACE_BYTES;
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let sizeBytes = 0;

  function problem(): string | undefined {
    if (sizeBytes < minBytes) {
      return `it has only ${formatBytes(sizeBytes)}, expected at least ${formatBytes(minBytes)}`;
    }
    if (!head.equals(first)) return `it does not begin with "${startsWith}"`;
    if (!trimmed(tail).subarray(-last.length).equals(last) && last.length > 0) {
      return `it does not end with "${endsWith}"`;
    }
    return undefined;
  }

  return {
    see(chunk) {
      sizeBytes += chunk.length;
      if (head.length < first.length) {
        head = Buffer.concat([head, chunk.subarray(0, first.length - head.length)]);
      }
      if (last.length > 0) tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
    },
    sizeBytes: () => sizeBytes,
    problem,
  };
}

const WHITE_SPACE: readonly number[] = [0x09, 0x0a, 0x0d, 0x20];

function trimmed(bytes: Buffer): Buffer {
  let to = bytes.length;
  while (to > 0 && WHITE_SPACE.includes(bytes[to - 1]!)) to -= 1;
  return bytes.subarray(0, to);
}
