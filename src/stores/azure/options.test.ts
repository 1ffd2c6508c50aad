import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azureOptionsFromUrl, azureOptionsIn, azureSchema, shownAzure } from './options.ts';

test('a URL names container and prefix', () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'azure://backups': ['backups', ''],
    'azure://backups/': ['backups', ''],
    'azure://backups/production/': ['backups', 'production'],
    'AZURE://my-backups/a/b': ['my-backups', 'a/b'],
  };
  for (const [url, [container, prefix]] of Object.entries(cases)) {
    assert.deepEqual(azureOptionsFromUrl(url), { container, prefix });
  }
  assert.equal(shownAzure({ container: 'backups', prefix: 'a/b' }), 'azure://backups/a/b');
});

test('what is no such URL is refused, and no credentials of it are shown', () => {
  const bad = [
    'azure:backups',
    'azure://',
    'azure://Backups',
    'azure://a--b/x',
    'azure://backups/a//b',
    'azure://b/../c',
  ];
  for (const url of bad) assert.throws(() => azureOptionsFromUrl(url), { code: 'store.invalid-url' }, url);
  for (const url of ['azure://key:c2VjcmV0@backups/x', 'azure://backups/x?sv=1&sig=c2VjcmV0']) {
    assert.throws(
      () => azureOptionsFromUrl(url),
      (error) => error instanceof Error && !error.message.includes('c2VjcmV0'),
      url,
    );
  }
});

test('the object form has sizes and times in their units, and paths below the configuration', () => {
  const read = azureSchema.parse({
    ...{ container: 'backups', prefix: '/p/', account: 'myaccount', part_size: '8MiB', idle_timeout: '30s' },
    ...{ ca_file: 'ca.pem', sas_token: { file: 'sas' }, tier: 'Cool' },
  });
  const options = azureOptionsIn(read, '/etc/surety');
  assert.partialDeepStrictEqual(options, {
    ...{ container: 'backups', prefix: 'p', partSizeBytes: 8 * 2 ** 20, idleTimeoutMs: 30_000, tier: 'Cool' },
    ...{ caFile: '/etc/surety/ca.pem', sasToken: { file: '/etc/surety/sas' } },
  });
  assert.equal(shownAzure(options), 'azure://backups/p at myaccount');
});

test('the object form refuses what would not work', () => {
  const bad = [
    {},
    { container: 'b' },
    { container: 'backups', tier: 'Archive' },
    { container: 'backups', part_size: '1KiB' },
    { container: 'backups', endpoint: 'ftp://there' },
    { container: 'backups', endpoint: 'https://key:secret@there' },
    { container: 'backups', account_key: { env: 'A' }, sas_token: { env: 'B' } },
    { container: 'backups', bucket: 'x' },
  ];
  for (const raw of bad) assert.equal(azureSchema.safeParse(raw).success, false, JSON.stringify(raw));
});
