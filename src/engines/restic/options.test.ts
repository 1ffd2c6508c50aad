import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resticOptions, resticSchema } from './options.ts';

const read = (raw: unknown) => resticOptions(resticSchema.parse(raw));

test('what is not given has its default', () => {
  const password = { env: 'P' };
  assert.deepEqual(read({ password }), { password, compressionLevel: 3, packSizeBytes: 16 * 2 ** 20 });
});

test('pack sizes outside of what restic allows are refused', () => {
  const password = { env: 'P' };
  assert.equal(read({ password, pack_size: '128MiB' }).packSizeBytes, 2 ** 27);
  for (const pack_size of ['3.9MiB', '129MiB', 4096])
    assert.throws(() => read({ password, pack_size }), /4 MiB to 128 MiB/);
});
