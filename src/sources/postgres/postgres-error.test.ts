import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLocal } from '../../reach/local.ts';
import { postgresSchema } from './options.ts';
import { explain } from './postgres-error.ts';

const server = {
  source: 'db',
  reach: openLocal(),
  options: postgresSchema.parse({ database: 'shop', server: 'pg.example.org', port: 5433 }),
  password: undefined,
  safetyFolder: '/nowhere',
};
const ended = { code: 1, signal: null };
const told = (stderr: string, side: 'source' | 'target' = 'source') =>
  explain({ server, doing: 'dump of database shop', side }, stderr, ended);

test('what servers and programs say becomes a cause and a remedy', () => {
  const said: readonly (readonly [stderr: string, side: 'source' | 'target', code: string])[] = [
    [
      'psql: error: connection to server at "x", port 1 failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption',
      'source',
      'source.denied',
    ],
    ['FATAL:  Peer authentication failed for user "u"', 'source', 'source.denied'],
    ['FATAL:  role "u" does not exist', 'source', 'source.denied'],
    ['FATAL:  the database system is starting up', 'source', 'source.unreachable'],
    ['FATAL:  sorry, too many clients already', 'source', 'source.unreachable'],
    ['psql: error: timeout expired', 'source', 'source.unreachable'],
    ['pg_dump: error: aborting because of server version mismatch', 'source', 'source.tool-too-old'],
    ['pg_restore: error: unsupported version (1.16) in file header', 'target', 'source.tool-too-old'],
    ['ERROR:  could not extend file "base/1/2": No space left on device', 'target', 'target.full'],
    [
      'pg_restore: error: could not execute query: ERROR:  could not extend file "base/1/2": No space left on device',
      'target',
      'target.full',
    ],
    ['pg_dump: error: could not write to output file: No space left on device', 'source', 'source.failed'],
    ['ERROR:  permission denied to create database', 'target', 'target.denied'],
    ['ERROR:  role "clerk" does not exist', 'target', 'target.failed'],
    ['ERROR:  extension "postgis" is not available', 'target', 'target.failed'],
  ];
  for (const [stderr, side, code] of said) {
    const error = told(stderr, side);
    assert.equal(error?.code, code, stderr);
    assert.ok((error?.hint ?? '') !== '', stderr);
    assert.ok(error?.message.startsWith('dump of database shop: '), error?.message);
  }
});

test('an error of SQL is told in the words of the server, with the statement but without secrets', () => {
  const error = told(
    `psql:<stdin>:9: ERROR:  syntax error at or near "x"\nLINE 1: ALTER ROLE r PASSWORD 'SCRAM-SHA-256$4096:abc' x;\n`,
    'target',
  );
  assert.equal(error?.code, 'target.failed');
  assert.equal(
    error?.message,
    `dump of database shop: syntax error at or near "x" (at: ALTER ROLE r PASSWORD '[secret]' x;)`,
  );
});

test('what nobody knows is left to whoever asked', () => {
  assert.equal(told('some notice'), undefined);
});
