/**
 * Files with holes as GNU tar stores them in PAX archives, in its format 1.0: records `GNU.sparse.*`, and in front of the content a map in
 * decimal lines that fills whole blocks: how many pieces there are, then offset and size of each.
 */
import { ByteSource } from './byte-source.ts';
import { damagedTar } from './header-block.ts';
import { decodeNumber, decodeText, type PaxRecords } from './pax.ts';
import { BLOCK_BYTES } from './tar-entry.ts';

export const SPARSE_PREFIX = 'GNU.sparse.';

export interface SparseFacts {
  readonly name: string;
  /** With its holes. */
  readonly sizeBytes: number;
}

/** Undefined for a member without holes. `false`: with holes, in a format of old. */
export function sparseFacts(records: PaxRecords): SparseFacts | false | undefined {
  if (![...records.keys()].some((key) => key.startsWith(SPARSE_PREFIX))) return undefined;
  const [major, minor] = ['major', 'minor'].map((key) => records.get(SPARSE_PREFIX + key)?.toString('latin1'));
  const [name, sizeBytes] = [records.get(`${SPARSE_PREFIX}name`), records.get(`${SPARSE_PREFIX}realsize`)];
  if (major !== '1' || minor !== '0' || name === undefined || sizeBytes === undefined) return false;
  return { name: decodeText(name), sizeBytes: decodeNumber(sizeBytes) };
}

const PIECES_MAX = 1 << 20;
const ZEROS = Buffer.alloc(1 << 16);

/** The content with its holes, from what is stored of it. Throws `tar.damaged` for a map that fits nothing. */
export async function* fillHoles(stored: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Buffer> {
  const bytes = new ByteSource(stored);
  let at = 0;
  for (const [offset, size] of await readMap(bytes)) {
    if (offset < at || offset + size > sizeBytes) throw damagedTar('a map of holes that fits nothing');
    yield* zeros(offset - at);
    for (let left = size; left > 0; ) {
      const part = await bytes.some(left);
      if (part === undefined) throw damagedTar('a file with holes is too short');
      left -= part.length;
      yield part;
    }
    at = offset + size;
  }
  yield* zeros(sizeBytes - at);
}

function* zeros(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}

async function readMap(bytes: ByteSource): Promise<(readonly [offset: number, size: number])[]> {
  let text = '';
  const number = async (): Promise<number> => {
    for (let end = text.indexOf('\n'); ; end = text.indexOf('\n')) {
      if (end >= 0) {
        const digits = text.slice(0, end);
        text = text.slice(end + 1);
        if (!/^\d{1,15}$/.test(digits)) throw damagedTar('a map of holes can not be read');
        return Number(digits);
      }
      const block = await bytes.take(BLOCK_BYTES);
      if (block.length < BLOCK_BYTES || text.length > BLOCK_BYTES) throw damagedTar('a map of holes can not be read');
      text += block.toString('latin1');
    }
  };
  const count = await number();
  if (count > PIECES_MAX) throw damagedTar('a file has too many holes');
  const pieces: (readonly [number, number])[] = [];
  for (let index = 0; index < count; index++) pieces.push([await number(), await number()]);
  return pieces;
}
