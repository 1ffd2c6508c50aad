import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../base/secret.ts';
import { borgOptions, borgSchema, isCompression } from './options.ts';

test('compression is what borg takes', () => {
  const good = ['none', 'lz4', 'zstd', 'zstd,22', 'zlib,0', 'lzma,9', 'auto,zstd,10', 'auto,lz4'];
  for (const spec of [...good, 'obfuscate,110,zstd,3', 'obfuscate,3,auto,zstd']) assert.ok(isCompression(spec), spec);
  const bad = ['', 'zstd,23', 'zstd,0', 'lz4,1', 'gzip', 'auto', 'zstd,3,4', 'zstd, 3', 'obfuscate,zstd'];
  for (const spec of [...bad, 'obfuscate,7,lz4', 'obfuscate,1,obfuscate,1,lz4']) assert.ok(!isCompression(spec), spec);
});

test('a repository has a password, unless it says that it is not encrypted', () => {
  assert.ok(!borgSchema.safeParse({}).success);
  assert.ok(!borgSchema.safeParse({ encryption: 'authenticated' }).success);
  const open = borgOptions(borgSchema.parse({ encryption: 'none' }));
  assert.deepEqual([open.password, open.allowUnknownUnencrypted, open.compression], [undefined, true, 'lz4']);
  const closed = borgOptions(borgSchema.parse({ password: 'plain', lock_wait: '5s' }));
  assert.deepEqual([closed.password, closed.lockWaitMs], [{ plain: new Secret('plain') }, 5000]);
  assert.deepEqual(
    [closed.encryption, closed.allowMoved, closed.allowUnknownUnencrypted],
    ['repokey-blake2', false, false],
  );
});
