/** Unpacks a compressed file to look at what is in it. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Reach } from '../../reach/reach.ts';
import { toolOutput } from '../tool.ts';

export interface UnpackHow {
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

export interface Packing {
  /** Also of the program that unpacks it. */
  readonly name: string;
  readonly ending: string;
  /** The first bytes of every file of this kind, in hex. */
  readonly magic: string;
  /** Undefined: Node can not unpack it, a program does. */
  readonly stream: (() => Duplex) | undefined;
}

const PACKINGS: readonly Packing[] = [
  { name: 'gzip', ending: '.gz', magic: '1f8b', stream: createGunzip },
  { name: 'zstd', ending: '.zst', magic: '28b52ffd', stream: createZstdDecompress },
  { name: 'xz', ending: '.xz', magic: 'fd377a585a00', stream: undefined },
  { name: 'bzip2', ending: '.bz2', magic: '425a68', stream: undefined },
  { name: 'lz4', ending: '.lz4', magic: '04224d18', stream: undefined },
];

export interface Unpacked {
  /** `gzip`, …; undefined: the file is not compressed. */
  readonly packing: string | undefined;
  /** Ends in an error where the file is damaged or cut off. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export const HEAD_BYTES = 8;

/** What its first bytes say it is packed with; undefined: nothing. Throws where its name says something else. */
export function packingOf(path: string, head: Buffer): Packing | undefined {
  const packing = PACKINGS.find(({ magic }) => head.toString('hex').startsWith(magic));
  const named = PACKINGS.find(({ ending }) => path.endsWith(ending));
  if (packing === undefined && named !== undefined) throw new Error(`it is not ${named.name}, as its name says`);
  return packing;
}

/** What it is packed with is told by its first bytes. Throws where its name says something else. */
export async function unpack(path: string, how: UnpackHow): Promise<Unpacked> {
  const packing = packingOf(path, await firstBytes(path, HEAD_BYTES));
  const file = () => createReadStream(path, { highWaterMark: 1 << 18, signal: how.signal });
  if (packing === undefined) return { packing: undefined, chunks: file() };
  const { name, stream } = packing;
  const chunks = stream === undefined ? byProgram(name, file(), how) : through(file(), stream(), how.signal);
  return { packing: name, chunks };
}

async function firstBytes(path: string, length: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}

async function* through(
  file: NodeJS.ReadableStream,
  unpacking: Duplex,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const out = new PassThrough();
  const done = pipeline(file, unpacking, out, { signal });
  done.catch(() => {});
  yield* out as AsyncIterable<Uint8Array>;
  await done;
}

function byProgram(
  name: string,
  file: AsyncIterable<Uint8Array>,
  { reach, signal }: UnpackHow,
): AsyncIterable<Uint8Array> {
  return toolOutput(reach, [name, '-dc'], { signal, stdin: file, doing: 'unpacking' });
}
