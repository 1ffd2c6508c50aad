import assert from 'node:assert/strict';
import test from 'node:test';
import { archiveOptions, archiveSchema } from './options.ts';

function problem(raw: Readonly<Record<string, unknown>>): string {
  const parsed = archiveSchema.safeParse(raw);
  return parsed.success
    ? ''
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n');
}

test('without options backups are gzip with the names that are documented', () => {
  const { compression, name, folder, checksum, recipients, identity } = archiveOptions(archiveSchema.parse({}));
  assert.deepEqual([compression, name, folder, checksum], ['gzip', '{type}_{time}', '{type}', 'sha256']);
  assert.deepEqual([recipients, identity], [[], undefined]);
});

test('templates that would make bad names are errors', () => {
  const wrong: [Readonly<Record<string, unknown>>, RegExp][] = [
    [{ name: '{type}' }, /^name: two backups would have the same name/],
    [{ name: '{time}_{host}' }, /^name: there is no \{host\}/],
    [{ name: 'a:{time}' }, /^name: names may only have/],
    [{ name: 'a/{time}' }, /^name: names may only have/],
    [{ name: '{time}.{ext}.old' }, /^name: \{ext\} stands at the end/],
    [{ name: '{time}{ext}' }, /^name: \{ext\} stands at the end/],
    [{ folder: '../{type}' }, /^folder: it is not a relative folder/],
    [{ folder: '/srv' }, /^folder: it is not a relative folder/],
    [{ folder: 'logs/{type}' }, /^folder: this folder is used for something else/],
    [{ folder: 'tmp' }, /^folder: this folder is used for something else/],
  ];
  for (const [raw, message] of wrong) assert.match(problem(raw), message, JSON.stringify(raw));
  for (const raw of [{ name: 'backup-{iso}Z-{database}.{ext}' }, { folder: 'a/{source}' }])
    assert.equal(problem(raw), '');
});

test('levels fit the compression, and public keys look like some', () => {
  assert.match(problem({ compression_level: 12 }), /^compression_level: gzip has levels up to 9/);
  assert.match(problem({ compression: 'none', compression_level: 1 }), /^compression_level: there is no compression/);
  assert.equal(problem({ compression: 'zstd', compression_level: 12 }), '');
  assert.match(problem({ encryption: { age: ['AGE-SECRET-KEY-1X'] } }), /begins with age1/);
  assert.notEqual(problem({ encryption: { age: [] } }), '');
});
