import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../base/errors.ts';
import { localStoreOptions } from './options.ts';

test('a relative path is relative to the configuration, an absolute one is not', () => {
  assert.equal(localStoreOptions('file:data/backups', '/srv/app')?.path, '/srv/app/data/backups');
  assert.equal(localStoreOptions('file:../b', '/srv/app')?.path, '/srv/b');
  assert.equal(localStoreOptions('file:/backup/100%/', '/srv/app')?.path, '/backup/100%');
});

test('the full form of a URL is decoded', () => {
  assert.equal(localStoreOptions('file:///backup/my%20disk', '/srv/app')?.path, '/backup/my disk');
});

test('what names no folder of this machine is refused', () => {
  for (const url of ['file:', 'file://', 'file://otherhost/backup', 'file:a\0b']) {
    assert.throws(
      () => localStoreOptions(url, '/srv/app'),
      (error) => hasCode(error, 'store.invalid-url'),
      url,
    );
  }
});

test('other kinds of store are left to others', () => {
  assert.equal(localStoreOptions('s3://bucket/prefix', '/srv/app'), undefined);
});
