import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcsOptionsFromUrl, gcsOptionsIn, gcsSchema, shownGcs } from './options.ts';

test('a URL names bucket and prefix', () => {
  assert.deepEqual(gcsOptionsFromUrl('gs://my-backups/production/'), { bucket: 'my-backups', prefix: 'production' });
  assert.deepEqual(gcsOptionsFromUrl('GS://my.backups_1'), { bucket: 'my.backups_1', prefix: '' });
  assert.equal(shownGcs({ bucket: 'my-backups', prefix: 'a' }), 'gs://my-backups/a');
  const endpoint = 'https://here.example.org:4443/x';
  assert.equal(shownGcs({ bucket: 'my-backups', prefix: '', endpoint }), 'gs://my-backups at here.example.org:4443');
});

test('what is no such URL is refused, and no credentials of it are shown', () => {
  for (const url of ['gs:backups', 'gs://', 'gs://Backups', 'gs://ab', 'gs://backups/a//b', 'gs://backups/..']) {
    assert.throws(() => gcsOptionsFromUrl(url), { code: 'store.invalid-url' }, url);
  }
  for (const url of ['gs://key:secret-1@backups/x', 'gs://backups/x?token=secret-1']) {
    assert.throws(
      () => gcsOptionsFromUrl(url),
      (error) => error instanceof Error && !error.message.includes('secret-1'),
      url,
    );
  }
});

test('the object form has paths below the configuration, and parts as the service takes them', () => {
  const raw = { bucket: 'my-backups', key_file: 'google.json', ca_file: 'ca.pem', part_size: '1000KiB' };
  const options = gcsOptionsIn(gcsSchema.parse(raw), '/etc/surety');
  assert.partialDeepStrictEqual(options, { keyFile: '/etc/surety/google.json', caFile: '/etc/surety/ca.pem' });
  assert.equal(options.partSizeBytes, 1024 * 1024);
});

test('the object form refuses what would not work', () => {
  const bad = [
    {},
    { bucket: 'My' },
    { bucket: 'my-backups', object_lock: 'governance' },
    { bucket: 'my-backups', part_size: '100KiB' },
    { bucket: 'my-backups', key_file: 'a', credentials: { env: 'B' } },
    { bucket: 'my-backups', project: 'x' },
  ];
  for (const raw of bad) assert.equal(gcsSchema.safeParse(raw).success, false, JSON.stringify(raw));
});
