import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOlder, parseServerVersion, parseToolVersion } from './version.ts';

const TOOLS: readonly (readonly [said: string, flavour: string, version: string])[] = [
  ['mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)', 'mariadb', '10.11'],
  ['mariadb-dump from 11.4.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)', 'mariadb', '11.4'],
  [
    'mariadb  Ver 15.1 Distrib 10.6.18-MariaDB, for debian-linux-gnu (x86_64) using  EditLine wrapper',
    'mariadb',
    '10.6',
  ],
  ['mysqldump  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64 ((Ubuntu))', 'mysql', '8.0'],
  ['mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)', 'mysql', '5.7'],
  ['mysql  Ver 8.4.0 for Linux on x86_64 (MySQL Community Server - GPL)', 'mysql', '8.4'],
];

test('programs of all times tell their version', () => {
  for (const [said, flavour, version] of TOOLS) {
    const found = parseToolVersion(said);
    assert.equal(found.flavour, flavour, said);
    assert.equal(`${found.major}.${found.minor}`, version, said);
  }
});

test('servers tell theirs, MariaDB sometimes with a number of MySQL in front', () => {
  const odd = parseServerVersion('5.5.5-10.4.28-MariaDB-log');
  assert.deepEqual([odd.flavour, odd.major, odd.minor], ['mariadb', 10, 4]);
  const mysql = parseServerVersion('8.0.36-28.1');
  assert.deepEqual([mysql.flavour, mysql.major, mysql.minor], ['mysql', 8, 0]);
});

test('only versions of one kind are compared', () => {
  const [old, now] = [parseServerVersion('5.7.44'), parseServerVersion('8.0.36')];
  assert.equal(isOlder(old, now), true);
  assert.equal(isOlder(now, old), false);
  assert.equal(isOlder(now, parseServerVersion('10.11.2-MariaDB')), false);
});
