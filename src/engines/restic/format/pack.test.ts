import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../../base/errors.ts';
import { randomBytes } from '../../../base/ids.ts';
import { createSealer } from '../seal.ts';
import {
  decodePackHeader,
  encodePackHeader,
  HEADER_OVERHEAD,
  LENGTH_BYTES,
  type PackEntry,
  packHeaderLength,
  sealPackHeader,
} from './pack.ts';

const sealer = createSealer({ encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) });

const anyBlob = fc.record({
  id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  type: fc.constantFrom(0 as const, 1 as const),
  length: fc.integer({ min: 32, max: 1 << 24 }),
  rawLength: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
});

const anyEntries = fc.array(anyBlob, { minLength: 1, maxLength: 20 }).map((blobs): PackEntry[] => {
  let offset = 0;
  return blobs.map((blob) => {
    const entry = { ...blob, offset };
    offset += blob.length;
    return entry;
  });
});

function fileBytes(entries: readonly PackEntry[]): number {
  const last = entries.at(-1)!;
  return last.offset + last.length + encodePackHeader(entries).length + HEADER_OVERHEAD;
}

const asText = (entry: PackEntry) => ({ ...entry, id: Buffer.from(entry.id).toString('hex') });

describe('pack headers', () => {
  test('entries come back as they were', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const decoded = decodePackHeader(encodePackHeader(entries), fileBytes(entries), 'data/x');
        assert.deepEqual(decoded.map(asText), entries.map(asText));
      }),
    );
  });

  test('an entry of a compressed blob has 41 bytes, of another one 37', () => {
    const entry = { id: new Uint8Array(32), type: 1 as const, offset: 0, length: 100 };
    assert.equal(Buffer.from(encodePackHeader([{ ...entry, rawLength: 0 }])).toString('hex', 0, 5), '0164000000');
    assert.equal(encodePackHeader([{ ...entry, rawLength: 0 }]).length, 37);
    assert.equal(
      Buffer.from(encodePackHeader([{ ...entry, rawLength: 258 }])).toString('hex', 0, 9),
      '036400000002010000',
    );
    assert.equal(encodePackHeader([{ ...entry, rawLength: 258 }]).length, 41);
  });

  test('a file that is longer or shorter than the header says is damaged', () => {
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: -50, max: 50 }), (entries, difference) => {
        fc.pre(difference !== 0);
        const header = encodePackHeader(entries);
        assert.throws(() => decodePackHeader(header, fileBytes(entries) + difference, 'data/x'), isDamaged);
      }),
    );
  });

  test('a header that is cut off is damaged', () => {
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: 1, max: 40 }), (entries, cut) => {
        const header = encodePackHeader(entries).subarray(0, -cut);
        assert.throws(() => decodePackHeader(header, fileBytes(entries), 'data/x'), isDamaged);
      }),
    );
  });

  test('any flipped bit of the sealed header is noticed', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(), fc.integer({ min: 0, max: 7 }), (entries, where, bit) => {
        const tail = sealPackHeader(entries, sealer);
        tail[where % tail.length]! ^= 1 << bit;
        assert.throws(() => openTail(tail, fileBytes(entries)), isDamaged);
      }),
    );
  });
});

/** What a reader does with the end of a pack. */
function openTail(tail: Uint8Array, sizeBytes: number): PackEntry[] {
  const length = packHeaderLength(tail.subarray(tail.length - LENGTH_BYTES), sizeBytes, 'data/x');
  const file = new Uint8Array(Math.max(sizeBytes, tail.length));
  file.set(tail, file.length - tail.length);
  const header = sealer.open(file.subarray(file.length - LENGTH_BYTES - length, file.length - LENGTH_BYTES));
  if (header === undefined) throw Object.assign(new Error('not authentic'), { notAuthentic: true });
  return decodePackHeader(header, sizeBytes, 'data/x');
}

function isDamaged(error: unknown): boolean {
  return hasCode(error, 'repository.damaged') || (error instanceof Error && 'notAuthentic' in error);
}
