import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeOf } from './store.ts';

const places: readonly (readonly [string, unknown])[] = [
  ['/srv/my vault', 'file:/srv/my vault'],
  ['local:relative/vault', 'file:relative/vault'],
  ['sftp:user@host:/srv/vault', 'sftp://user@host/srv/vault'],
  ['sftp:host:vault', 'sftp://host/~/vault'],
  ['sftp://user@host:2222//srv/vault', 'sftp://user@host:2222/srv/vault'],
  ['s3:s3.amazonaws.com/bucket', { s3: { bucket: 'bucket' } }],
  [
    's3:https://key:secret@minio.example.org:9000/bucket/a/b/',
    { s3: { bucket: 'bucket', prefix: 'a/b', endpoint: 'https://key@minio.example.org:9000' } },
  ],
  ['azure:container:/a/b', { azure: { container: 'container', prefix: 'a/b' } }],
  ['gs:bucket:/', { gcs: { bucket: 'bucket' } }],
  ['rest:https://user:secret@example.org:8000/x', 'rest:https://user@example.org:8000/x'],
  ['b2:bucket:x', 'b2:bucket:x'],
];

for (const [location, store] of places) {
  test(`${location.replace(':secret', '')} has its place in Surety, without a password`, () => {
    assert.deepEqual(storeOf(location), store);
  });
}
