import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../../base/errors.ts';
import { encodeIndex, parseIndex } from './index-file.ts';

interface Told {
  readonly pack: string;
  readonly id: string;
  readonly type: number;
  readonly offset: number;
  readonly length: number;
  readonly rawLength: number;
}

function read(json: string | Uint8Array): Told[] {
  const told: Told[] = [];
  let pack = '';
  parseIndex(typeof json === 'string' ? Buffer.from(json) : json, 'index/x', {
    pack: (id) => {
      pack = Buffer.from(id).toString('hex');
    },
    blob: (id, type, offset, length, rawLength) => {
      told.push({ pack, id: Buffer.from(id).toString('hex'), type, offset, length, rawLength });
    },
  });
  return told;
}

const anyId = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyPacks = fc.array(
  fc.record({
    id: anyId,
    blobs: fc.array(
      fc.record({
        id: anyId,
        type: fc.constantFrom(0 as const, 1 as const),
        offset: fc.integer({ min: 0, max: 2 ** 31 }),
        length: fc.integer({ min: 32, max: 2 ** 30 }),
        rawLength: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
      }),
      { maxLength: 8 },
    ),
  }),
  { maxLength: 6 },
);
type Packs = typeof anyPacks extends fc.Arbitrary<infer T> ? T : never;

function expected(packs: Packs): Told[] {
  const hex = (id: Uint8Array) => Buffer.from(id).toString('hex');
  return packs.flatMap((pack) => pack.blobs.map((blob) => ({ ...blob, pack: hex(pack.id), id: hex(blob.id) })));
}

const ID_A = 'a'.repeat(64);
const ID_B = 'b'.repeat(64);

describe('index files', () => {
  test('what is written is read', () => {
    fc.assert(
      fc.property(anyPacks, (packs) => {
        assert.deepEqual(read(encodeIndex(packs)), expected(packs));
      }),
    );
  });

  test('the text is that of Go', () => {
    const id = Buffer.from(ID_A, 'hex');
    const blobs = [{ id: Buffer.from(ID_B, 'hex'), type: 1 as const, offset: 5, length: 40, rawLength: 0 }];
    const blob = `{"id":"${ID_B}","type":"tree","offset":5,"length":40}`;
    assert.equal(
      Buffer.from(encodeIndex([{ id, blobs }])).toString(),
      `{"packs":[{"id":"${ID_A}","blobs":[${blob}]}]}\n`,
    );
  });

  test('white space, other orders of fields and unknown fields make no difference', () => {
    fc.assert(
      fc.property(anyPacks, (packs) => {
        const document = JSON.parse(Buffer.from(encodeIndex(packs)).toString());
        const turned = JSON.stringify(
          { more: [{ a: '"]}' }], supersedes: [ID_A], packs: document.packs.map(turn), last: 1 },
          null,
          2,
        );
        assert.deepEqual(read(turned), expected(packs));
      }),
    );
  });

  test('a missing or empty list of packs: only the second is an index', () => {
    assert.deepEqual(read('{"packs":[]}'), []);
    assert.deepEqual(read('{"packs":null}'), []);
    assert.throws(() => read('{}'), isDamaged);
    assert.throws(() => read('[]'), isDamaged);
  });

  test('an index that is cut off anywhere is damaged', () => {
    fc.assert(
      fc.property(anyPacks, fc.nat(), (packs, cut) => {
        const json = encodeIndex(packs);
        const end = json.length - 1 - (cut % (json.length - 1));
        assert.throws(() => read(json.subarray(0, end - 1)), isDamaged);
      }),
    );
  });

  test('impossible places and types are damage', () => {
    const index = (blob: string) => `{"packs":[{"id":"${ID_A}","blobs":[${blob}]}]}`;
    assert.equal(read(index(`{"id":"${ID_B}","type":"data","offset":0,"length":32}`)).length, 1);
    assert.throws(() => read(index(`{"id":"${ID_B}","type":"data","offset":0,"length":31}`)), isDamaged);
    assert.throws(() => read(index(`{"id":"${ID_B}","type":"data","offset":4294967295,"length":32}`)), isDamaged);
    assert.throws(() => read(index(`{"id":"${ID_B}","type":"date","offset":0,"length":32}`)), isDamaged);
    assert.throws(() => read(index(`{"id":"${ID_B.slice(1)}","type":"data","offset":0,"length":32}`)), isDamaged);
    assert.throws(() => read(index(`{"id":"${ID_B}","type":"data","offset":-1,"length":32}`)), isDamaged);
    assert.throws(
      () => read(`{"packs":[{"blobs":[{"id":"${ID_B}","type":"data","offset":0,"length":32}]}]}`),
      isDamaged,
    );
  });
});

function turn(pack: { id: string; blobs: Record<string, unknown>[] }): unknown {
  const blobs = pack.blobs.map((blob) => Object.fromEntries([['extra', null], ...Object.entries(blob).reverse()]));
  return { extra: { deep: ['[', '{'] }, blobs, id: pack.id };
}

function isDamaged(error: unknown): boolean {
  return hasCode(error, 'repository.damaged');
}
