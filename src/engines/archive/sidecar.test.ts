import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSidecar } from './sidecar.ts';
import { toSnapshot } from './sidecars.ts';

const FOREIGN = {
  backup_id: 'database_20241122_020000',
  timestamp: '2024-11-22T02:00:00',
  backup_type: 'database',
  size_bytes: 3,
  checksum: 'a'.repeat(64),
  files_included: ['database_20241122_020000.sql.gz'],
  compressed: true,
  encrypted: false,
  status: 'success',
  error_message: null,
};
const OWN = {
  ...{ format_version: 1, source: 'a', kind: 'files', host: 'h', user: 'u', recovery_point: '', program: 'p' },
  ...{ started_at: '2024-11-22T02:00:00Z', duration_ms: 1, paths: ['a'], tags: [], container: 'tar', facts: {} },
  stats: {
    ...{ filesNew: 1, filesChanged: 0, filesUnmodified: 0, dirs: 0, others: 0 },
    ...{ sizeBytes: 1, addedBytes: 1, storedBytes: 1, dataBlobs: 0, treeBlobs: 0 },
  },
};
const OWN_NAMES = [...Object.keys(OWN), 'entries', 'files', 'file_list', 'compression', 'uncompressed_size_bytes'];
const parse = (document: unknown) => parseSidecar(Buffer.from(JSON.stringify(document)), 'a_metadata.json');

test('fields of another program that are called like ours mean nothing, whatever is in them', () => {
  const names = OWN_NAMES.filter((name) => name !== 'format_version');
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), fc.jsonValue()), (others) => {
      assert.deepEqual(parse({ ...FOREIGN, ...others }), FOREIGN);
    }),
  );
  assert.deepEqual(toSnapshot('id', parse({ ...FOREIGN, paths: 5, tags: {}, host: {}, source: 7 })).paths, [
    'database',
  ]);
});

test('what went wrong is a text, whatever another program wrote there', () => {
  const said = (value: unknown) => parse({ ...FOREIGN, status: 'failed', error_message: value }).error_message;
  assert.equal(said({ code: 7 }), '{"code":7}');
  assert.equal(said(5), '5');
  assert.equal(said('no space'), 'no space');
  assert.equal(said(undefined), null);
});

test('a field of ours that has another shape is named', () => {
  assert.equal(parse({ ...FOREIGN, ...OWN }).source, 'a');
  for (const bad of [
    { stats: {} },
    { stats: { ...OWN.stats, sizeBytes: -1 } },
    { facts: { fingerprint: { algorithm: 'x', tables: 5 } } },
    { entries: [{ path: 5 }] },
    { files: 5 },
    { file_list: { name: '../../other.gz', files: 1 } },
    { compression: 'lzma' },
    { uncompressed_size_bytes: 'x' },
  ]) {
    const [name = ''] = Object.keys(bad);
    const expected = { code: 'repository.damaged', message: new RegExp(`is damaged: ${name}`) };
    assert.throws(() => parse({ ...FOREIGN, ...OWN, ...bad }), expected, JSON.stringify(bad));
  }
});
