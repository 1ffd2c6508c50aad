import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { shownLocation, storeLocation, storeSchema } from './store-location.ts';

test('a file store is a folder: relative to the configuration, absolute, or in the home folder', () => {
  const path = (url: string) => shownLocation(storeLocation(url, '/etc/here'));
  assert.equal(path('file:data/backups'), '/etc/here/data/backups');
  assert.equal(path('file:../vault'), '/etc/vault');
  assert.equal(path('file:/backup/vault'), '/backup/vault');
  assert.equal(path('file:///backup/my%20disk'), '/backup/my disk');
  assert.equal(path('file:~/vault'), join(homedir(), 'vault'));
});

test('what is no store is answered with what would be one', () => {
  const cases: [unknown, RegExp][] = [
    ['ftp://host', /no store of kind ftp/],
    [{}, /exactly one kind/],
    [{ fiel: {} }, /Unrecognized key: "fiel"/],
    ['/backup', /of which kind/],
    ['', /of which kind/],
    [7, /Invalid input/],
  ];
  for (const [raw, message] of cases) {
    const read = storeSchema.safeParse(raw);
    assert.match(
      JSON.stringify(
        read.error?.issues
          .flatMap((issue) => [issue, ...('errors' in issue ? issue.errors.flat() : [])])
          .map((issue) => issue.message),
      ).replaceAll('\\"', '"'),
      message,
    );
  }
});

test('a bare path is answered with how to write it', () => {
  assert.throws(() => storeLocation('/backup/vault', '/'), { hint: 'for a folder write file:/backup/vault' });
});
