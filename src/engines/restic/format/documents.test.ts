import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../../base/errors.ts';
import { randomBytes } from '../../../base/ids.ts';
import { decodeConfig, encodeConfig, newConfig } from './config.ts';
import { decodeKey, decodeMasterKey, encodeKey, encodeMasterKey, type KeyDocument, scryptBytes } from './key.ts';
import { decodeLock, encodeLock } from './lock.ts';
import { decodeSnapshot, encodeSnapshot, type SnapshotDocument } from './snapshot.ts';
import { decodeUnpacked, encodeUnpacked } from './unpacked.ts';

const TREE = '2da81727b6585232894cfbb8f8bdab8d1eccd3d8f7c92bc934d62e62e618ffdf';
const isDamaged = (error: unknown) => hasCode(error, 'repository.damaged');
const anyTimeNs = fc.bigInt({ min: 0n, max: 2n ** 62n });
const anyText = fc.string({ unit: 'binary' });
const anyCount = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('snapshot files', () => {
  const SNAPSHOT: SnapshotDocument = {
    timeNs: 1_420_221_050_895_208_559n,
    tree: TREE,
    paths: ['/tmp/testdata'],
    host: 'kasimir',
    user: 'fd0',
    uid: 1000,
    gid: 100,
    excludes: [],
    tags: ['NL'],
    program: '',
  };

  test('the text has the fields of restic in their order', () => {
    const who = '"hostname":"kasimir","username":"fd0","uid":1000,"gid":100';
    const text = `{"time":"2015-01-02T17:50:50.895208559Z","tree":"${TREE}","paths":["/tmp/testdata"],${who},"tags":["NL"]}`;
    assert.equal(encodeSnapshot(SNAPSHOT), text);
    assert.deepEqual(decodeSnapshot(Buffer.from(text), 'x'), {
      ...SNAPSHOT,
      parent: undefined,
      original: undefined,
      summary: undefined,
    });
  });

  test('every snapshot comes back as it was', () => {
    const summary = fc.record({
      startedNs: anyTimeNs,
      endedNs: anyTimeNs,
      filesNew: anyCount,
      filesChanged: anyCount,
      filesUnmodified: anyCount,
      dirsNew: anyCount,
      dirsChanged: anyCount,
      dirsUnmodified: anyCount,
      dataBlobs: anyCount,
      treeBlobs: anyCount,
      addedBytes: fc.maxSafeNat(),
      storedBytes: fc.maxSafeNat(),
      files: anyCount,
      sizeBytes: fc.maxSafeNat(),
    });
    const snapshot = fc.record({
      timeNs: anyTimeNs,
      parent: fc.constantFrom(undefined, TREE),
      tree: fc.constant(TREE),
      paths: fc.array(anyText),
      host: anyText,
      user: anyText,
      uid: anyCount,
      gid: anyCount,
      excludes: fc.array(anyText),
      tags: fc.array(anyText),
      original: fc.constantFrom(undefined, TREE),
      program: anyText,
      summary: fc.option(summary, { nil: undefined }),
    });
    fc.assert(
      fc.property(snapshot, (document) => {
        assert.deepEqual(decodeSnapshot(Buffer.from(encodeSnapshot(document)), 'x'), structuredClone(document));
      }),
    );
  });

  test('one without a tree or a time, or with a wrong type, is damaged', () => {
    const wrong = ['{}', '[]', 'x', `{"time":"2015-01-02T17:50:50Z"}`, `{"tree":"${TREE}"}`];
    const more = [`{"time":"today","tree":"${TREE}"}`, `{"time":"2015-01-02T17:50:50Z","tree":"${TREE}","tags":"NL"}`];
    for (const text of [...wrong, ...more])
      assert.throws(() => decodeSnapshot(Buffer.from(text), 'x'), isDamaged, text);
  });

  test('lists that Go wrote as null are empty', () => {
    const text = `{"time":"2015-01-02T17:50:50Z","tree":"${TREE}","paths":null,"tags":null}`;
    assert.deepEqual(decodeSnapshot(Buffer.from(text), 'x').paths, []);
  });
});

describe('the config', () => {
  test('comes back as it was', () => {
    const config = newConfig();
    assert.equal(config.version, 2);
    assert.deepEqual(decodeConfig(Buffer.from(encodeConfig(config))), config);
    const like = newConfig(2, { polynomial: config.polynomial, gear: Buffer.alloc(1024, 7).toString('base64') });
    assert.deepEqual(decodeConfig(Buffer.from(encodeConfig(like))), like);
    assert.throws(() => decodeConfig(Buffer.from(encodeConfig({ ...like, gear: 'AAAA' }))), isDamaged);
  });

  test('of an unknown version is refused with that reason', () => {
    const config = { ...newConfig(), version: 3 };
    assert.throws(
      () => decodeConfig(Buffer.from(encodeConfig(config))),
      (error) => hasCode(error, 'repository.version'),
    );
  });

  test('without its fields is damaged', () => {
    assert.throws(() => decodeConfig(Buffer.from('{"version":2}')), isDamaged);
    assert.throws(
      () => decodeConfig(Buffer.from(`{"version":2,"id":"${TREE}","chunker_polynomial":"xyz"}`)),
      isDamaged,
    );
  });
});

describe('lock files', () => {
  test('have the text of restic and come back as they were', () => {
    const lock = { timeNs: 0n, exclusive: true, host: 'kasimir', user: 'fd0', pid: 13607, uid: 1000, gid: 100 };
    const text =
      '{"time":"1970-01-01T00:00:00Z","exclusive":true,"hostname":"kasimir","username":"fd0","pid":13607,"uid":1000,"gid":100}';
    assert.equal(encodeLock(lock), text);
    assert.deepEqual(decodeLock(Buffer.from(text), 'x'), lock);
  });
});

describe('key files', () => {
  const KEY: KeyDocument = {
    createdNs: 1_000_000_000n,
    user: 'fd0',
    host: 'kasimir',
    cost: { N: 32768, r: 8, p: 2 },
    salt: Buffer.alloc(64, 1),
    data: Buffer.alloc(200, 2),
  };

  test('come back as they were', () => {
    const { salt, data, ...rest } = decodeKey(Buffer.from(encodeKey(KEY)), 'x');
    assert.deepEqual(rest, { createdNs: KEY.createdNs, user: 'fd0', host: 'kasimir', cost: KEY.cost });
    assert.ok(Buffer.from(salt).equals(KEY.salt) && Buffer.from(data).equals(KEY.data));
  });

  test('with absurd parameters are refused before any work is done', () => {
    const costs = [
      { N: 32767, r: 8, p: 1 },
      { N: 1, r: 8, p: 1 },
      { N: 2 ** 30, r: 8, p: 1 },
      { N: 32768, r: 2 ** 20, p: 1 },
      { N: 32768, r: 8, p: 2 ** 20 },
      { N: 32768, r: 0, p: 1 },
    ];
    for (const cost of costs) assert.throws(() => decodeKey(Buffer.from(encodeKey({ ...KEY, cost })), 'x'), isDamaged);
    assert.ok(scryptBytes(KEY.cost) < 64 * 2 ** 20);
  });

  test('with another derivation or a short salt are refused', () => {
    const text = encodeKey(KEY);
    assert.throws(() => decodeKey(Buffer.from(text.replace('scrypt', 'argon2')), 'x'), isDamaged);
    assert.throws(() => decodeKey(Buffer.from(encodeKey({ ...KEY, salt: Buffer.alloc(8) })), 'x'), isDamaged);
  });

  test('hold a master key that comes back as it was', () => {
    const key = { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
    assert.deepEqual(decodeMasterKey(Buffer.from(encodeMasterKey(key)), 'x'), key);
    assert.throws(
      () => decodeMasterKey(Buffer.from(encodeMasterKey({ ...key, macK: randomBytes(15) })), 'x'),
      isDamaged,
    );
  });
});

describe('the encoding of single documents', () => {
  test('is plain JSON in format 1 and compressed in format 2', () => {
    assert.equal(Buffer.from(encodeUnpacked('{}', 1, 3)).toString(), '{}');
    assert.equal(encodeUnpacked('{}', 2, 3)[0], 2);
  });

  test('every document comes back, whatever the format', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(1, 2), (json, version) => {
        const document = `{"x":${json}}`;
        assert.equal(Buffer.from(decodeUnpacked(encodeUnpacked(document, version, 3), 'x')).toString(), document);
      }),
    );
  });

  test('an unknown encoding, an empty file and a damaged frame are damage', () => {
    for (const bytes of [[], [1, 2, 3], [2], [2, 1, 2, 3]]) {
      assert.throws(() => decodeUnpacked(Uint8Array.from(bytes), 'x'), isDamaged);
    }
  });
});
