import assert from 'node:assert/strict';
import { test } from 'node:test';
import { s3OptionsFromUrl, s3OptionsIn, s3Schema, shownS3 } from './options.ts';

test('a URL names a bucket and a folder in it', () => {
  assert.deepEqual(s3OptionsFromUrl('s3://backups'), { bucket: 'backups', prefix: '' });
  assert.deepEqual(s3OptionsFromUrl('s3://backups/'), { bucket: 'backups', prefix: '' });
  assert.deepEqual(s3OptionsFromUrl('s3://my.backups-1/a/b/'), { bucket: 'my.backups-1', prefix: 'a/b' });
  assert.equal(shownS3(s3OptionsFromUrl('s3://backups/a/b/')), 's3://backups/a/b');
});

const REFUSED: readonly (readonly [url: string, message: RegExp, hint: RegExp])[] = [
  ['s3:https://s3.example.org/backups', /not of the form/, /endpoint/],
  ['s3://', /not the name of a bucket/, /s3:\/\/bucket\/prefix/],
  ['s3://b', /not the name of a bucket/, /s3:\/\/bucket\/prefix/],
  ['s3://backups/a//b', /no empty parts/, /folder/],
  ['s3://backups/../others', /no empty parts and no \./, /folder/],
  ['s3://backups/a?region=x', /not of the form/, /options/],
  ['s3://localhost:9000/backups', /has no port/, /endpoint: https:\/\/localhost:9000/],
  ['s3://KEY:very-secret@backups/a', /credentials do not belong/, /secret_access_key: \{ env/],
];
for (const [url, message, hint] of REFUSED) {
  test(`${url} is refused with what to write instead`, () => {
    assert.throws(
      () => s3OptionsFromUrl(url),
      (error: Error & { hint?: string; code?: string }) => {
        assert.equal(error.code, 'store.invalid-url');
        assert.match(error.message, message);
        assert.match(error.hint ?? '', hint);
        assert.doesNotMatch(`${error.message}${error.hint}`, /very-secret/);
        return true;
      },
    );
  });
}

test('the object form has options by their names, with units', () => {
  const read = s3Schema.parse({
    ...{ bucket: 'backups', prefix: '/a/', endpoint: 'https://s3.example.org/', region: 'eu-central-1' },
    ...{
      path_style: true,
      access_key_id: 'KEY',
      secret_access_key: { file: 'secrets/s3' },
      storage_class: 'STANDARD_IA',
    },
    ...{ sse: 'aws:kms', sse_kms_key_id: 'key', object_lock: 'governance', conditional_put: false, ca_file: 'ca.pem' },
    ...{ proxy: 'http://proxy:3128', connections: 4, part_size: '8MiB', connect_timeout: '5s', idle_timeout: '30s' },
  });
  const { accessKeyId, secretAccessKey, ...rest } = s3OptionsIn(read, '/etc/surety');
  assert.deepEqual(secretAccessKey, { file: '/etc/surety/secrets/s3' });
  assert.ok(accessKeyId !== undefined && 'plain' in accessKeyId);
  assert.deepEqual(rest, {
    ...{ bucket: 'backups', prefix: 'a', endpoint: 'https://s3.example.org', region: 'eu-central-1', pathStyle: true },
    ...{ storageClass: 'STANDARD_IA', encryption: 'aws:kms', kmsKeyId: 'key', objectLock: 'governance' },
    ...{ conditionalPut: false, caFile: '/etc/surety/ca.pem', proxy: 'http://proxy:3128', connections: 4 },
    ...{ partSizeBytes: 8 * 2 ** 20, connectTimeoutMs: 5000, idleTimeoutMs: 30_000, sessionToken: undefined },
    profile: undefined,
  });
  assert.equal(shownS3(read), 's3://backups/a at s3.example.org');
});

const WRONG: readonly (readonly [options: object, message: RegExp])[] = [
  [{ access_key_id: 'KEY' }, /go together/],
  [{ session_token: { env: 'TOKEN' } }, /needs access_key_id/],
  [{ access_key_id: 'KEY', secret_access_key: { env: 'S' }, profile: 'p' }, /exclude each other/],
  [{ sse_kms_key_id: 'key' }, /needs sse: aws:kms/],
  [{ storage_class: 'DEEP_ARCHIVE' }, /can not be read at once/],
  [{ part_size: '1MiB' }, /from 5 MiB/],
  [{ endpoint: 's3.example.org' }, /not an http or https URL/],
  [{ endpoint: 'https://me:secret@s3.example.org' }, /credentials do not belong/],
];
for (const [options, message] of WRONG) {
  test(`${JSON.stringify(options)} is refused`, () => {
    const read = s3Schema.safeParse({ bucket: 'backups', ...options });
    assert.match(read.error?.issues.map((issue) => issue.message).join('; ') ?? '', message);
  });
}
