import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseStoreLocation, type RawStore } from './store-location.ts';

test('a file store is a folder: relative to the configuration, absolute, or in the home folder', () => {
  const path = (url: string) => parseStoreLocation(url, '/etc/here').options.path;
  assert.equal(path('file:data/backups'), '/etc/here/data/backups');
  assert.equal(path('file:../vault'), '/etc/vault');
  assert.equal(path('file:/backup/vault'), '/backup/vault');
  assert.equal(path('file:///backup/my%20disk'), '/backup/my disk');
  assert.equal(path('file:~/vault'), join(homedir(), 'vault'));
});

test('kinds that are designed but not there yet are told from those that never will be', () => {
  const cases: [RawStore, string, RegExp][] = [
    ['s3://bucket/prefix', 'store.unsupported', /kind s3 are not available in this version/],
    ['gs://bucket', 'store.unsupported', /kind gs are/],
    [{ gcs: { bucket: 'b' } }, 'store.unsupported', /kind gcs are/],
    [{ sftp: { host: 'h' } }, 'store.unsupported', /kind sftp are/],
    ['ftp://host', 'store.invalid-url', /no store of kind ftp/],
    [{ s3: {}, azure: {} }, 'store.invalid-url', /exactly one kind/],
    [{}, 'store.invalid-url', /exactly one kind/],
    [{ file: { path: 'x' } }, 'store.invalid-url', /has no options/],
    ['/backup', 'store.invalid-url', /of which kind/],
    ['', 'store.invalid-url', /of which kind/],
  ];
  for (const [raw, code, message] of cases) assert.throws(() => parseStoreLocation(raw, '/'), { code, message });
});

test('a bare path is answered with how to write it', () => {
  assert.throws(() => parseStoreLocation('/backup/vault', '/'), { hint: 'for a folder write file:/backup/vault' });
});
