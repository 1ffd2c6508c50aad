import assert from 'node:assert/strict';
import test from 'node:test';
import { filesOptions, filesSchema } from './options.ts';

test('only the paths have to be given', () => {
  assert.deepEqual(filesOptions(filesSchema.parse({ paths: ['/srv'] })), {
    paths: ['/srv'],
    exclude: ['lost+found', '*.saving'],
    excludeCaches: true,
    largerThanBytes: Number.POSITIVE_INFINITY,
    oneFileSystem: false,
    requireMount: false,
    agentless: false,
    compareTouched: false,
  });
});

test('everything can be given, sizes with units', () => {
  const raw = {
    paths: ['/a'],
    exclude: [],
    exclude_caches: false,
    exclude_larger_than: '10MiB',
    one_file_system: true,
  };
  const options = filesOptions(filesSchema.parse({ ...raw, require_mount: true }));
  assert.equal(options.largerThanBytes, 10 * 2 ** 20);
  assert.deepEqual(
    [options.exclude, options.excludeCaches, options.oneFileSystem, options.requireMount],
    [[], false, true, true],
  );
});

test('what makes no sense is an error that names the key', () => {
  for (const [raw, key] of [
    [{ paths: [] }, 'paths'],
    [{ paths: ['a\0b'] }, 'paths.0'],
    [{ paths: ['/a'], exclude: ['[a'] }, 'exclude.0'],
    [{ paths: ['/a'], exclude_larger_than: 'big' }, 'exclude_larger_than'],
  ] as const)
    assert.equal(filesSchema.safeParse(raw).error?.issues[0]?.path.join('.'), key);
  assert.equal(filesSchema.safeParse({ paths: ['/a'], excludes: [] }).error?.issues[0]?.code, 'unrecognized_keys');
});
