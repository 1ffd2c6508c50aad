import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from './parse.ts';

function check(repository: string) {
  const text = `sources: { a: { type: files, paths: [/a] } }\nrepositories:\n  vault: { type: archive, ${repository} }\n`;
  return checkConfig({ file: '/etc/here/surety.yaml', shownAs: 'surety.yaml', text, mode: 0o600 });
}

const KEYS = 'access_key_id: { env: A }, secret_access_key: { env: B }, session_token: { env: C }';
const S3 = `store: { s3: { bucket: backups, ${KEYS} } }`;

test('cleanup has credentials of its own in the place of all of those of the store', () => {
  const own = 'cleanup_with: { access_key_id: { env: D }, secret_access_key: { file: key } }';
  const { config, errors } = check(`${S3}, ${own}`);
  assert.deepEqual(errors, []);
  const { store, cleanupStore } = config!.repositories[0]!;
  assert.ok(store.kind === 's3' && cleanupStore?.kind === 's3');
  assert.deepEqual(store.options.accessKeyId, { env: 'A' });
  const { bucket, accessKeyId, secretAccessKey, sessionToken } = cleanupStore.options;
  assert.deepEqual(
    [bucket, accessKeyId, secretAccessKey, sessionToken],
    ['backups', { env: 'D' }, { file: '/etc/here/key' }, undefined],
  );
});

test('another account of an SFTP server keeps the rest of what is said of it', () => {
  const { config } = check('store: sftp://daily@host/vault, cleanup_with: { user: keeper, identity_file: id_keeper }');
  const { cleanupStore } = config!.repositories[0]!;
  assert.ok(cleanupStore?.kind === 'sftp');
  const { host, user, path, identityFile } = cleanupStore.options;
  assert.deepEqual([host, user, path, identityFile], ['host', 'keeper', '/vault', '/etc/here/id_keeper']);
});

test('credentials that the store does not know, and locks that it does not have, are errors', () => {
  const messages = (repository: string) => check(repository).errors.map(({ message }) => message);
  const says = (repository: string, expected: RegExp) => assert.match(messages(repository).join('\n'), expected);
  says('store: file:x, cleanup_with: { user: me }', /a store of kind file has no user/);
  says(`${S3}, cleanup_with: { sas_token: { env: T } }`, /a store of kind s3 has no sas_token/);
  says(`${S3}, cleanup_with: { access_key_id: { env: T } }`, /go together/);
  says(`${S3}, cleanup_with: {}`, /there are no credentials/);
  says(`${S3}, lock_for: 30d`, /the store has no object_lock/);
  says('store: s3://backups, lock_for: 30d', /the store has no object_lock/);
  says('store: { s3: { bucket: backups, object_lock: compliance } }, lock_for: 10s', /from 1m to 10 years/);
  assert.deepEqual(messages('store: { s3: { bucket: backups, object_lock: compliance } }, lock_for: 30d'), []);
});

test('a secret among these credentials that stands in the configuration itself is warned about', () => {
  const own = 'cleanup_with: { access_key_id: { env: D }, secret_access_key: plain }';
  assert.match(
    check(`${S3}, ${own}`)
      .warnings.map(({ message }) => message)
      .join('\n'),
    /the secret stands in the configuration/,
  );
});
