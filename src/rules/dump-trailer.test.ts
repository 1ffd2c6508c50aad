import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DUMP_END_BYTES, type DumpKind, dumpKind, dumpProblem } from './dump-trailer.ts';

const BODY = 'COPY public.t (x) FROM stdin;\n-- PostgreSQL database dump complete\n-- Dump completed\n\\.\n'.repeat(3);

const WHOLE: readonly (readonly [what: string, kind: DumpKind, text: string])[] = [
  [
    'pg_dump',
    'postgres',
    `--\n-- PostgreSQL database dump\n--\n\n${BODY}--\n-- PostgreSQL database dump complete\n--\n\n`,
  ],
  [
    'pg_dump with restricted mode',
    'postgres',
    `--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\n${BODY}--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict aB3\n\n`,
  ],
  [
    'pg_dumpall',
    'postgres-cluster',
    `--\n-- PostgreSQL database cluster dump\n--\n${BODY}--\n-- PostgreSQL database cluster dump complete\n--\n\n`,
  ],
  [
    'pg_dump whose lines end as on Windows',
    'postgres',
    `--\n-- PostgreSQL database dump\n--\n${BODY}--\n-- PostgreSQL database dump complete\n--\n\n`.replaceAll(
      '\n',
      '\r\n',
    ),
  ],
  ['mysqldump', 'mysql', `-- MySQL dump 10.13  Distrib 8.0.36\n${BODY}-- Dump completed on 2026-11-21  2:00:00\n`],
  [
    'mariadb-dump with its sandbox line',
    'mysql',
    `/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n${BODY}-- Dump completed on 2026-11-21  2:00:00\n`,
  ],
];

function ends(text: string) {
  const bytes = Buffer.from(text);
  return { head: bytes.subarray(0, DUMP_END_BYTES), tail: bytes.subarray(-DUMP_END_BYTES) };
}

describe('a whole dump', () => {
  for (const [what, kind, text] of WHOLE) {
    test(`of ${what} is known and has no problem`, () => {
      assert.equal(dumpKind(Buffer.from(text)), kind);
      assert.equal(dumpProblem(ends(text)), undefined);
    });
  }
});

describe('a dump that was cut', () => {
  for (const [what, kind, text] of WHOLE) {
    test(`of ${what} is refused wherever the cut is`, () => {
      const header = text.indexOf('COPY');
      const marker = text.lastIndexOf(kind === 'mysql' ? '-- Dump completed' : '\n--');
      for (let length = header; length < marker; length += 1) {
        const cut = text.slice(0, length);
        // Rows can hold the words of the last line. They count only where nothing but the end follows.
        if (kind === 'mysql' && /\n-- Dump completed\s*$/.test(cut)) continue;
        assert.match(dumpProblem(ends(cut)) ?? `whole at ${length}`, /is cut off: it lacks its last line/);
      }
    });
  }
});

test('nothing at all is no dump', () => {
  assert.equal(dumpProblem(ends('')), 'is empty');
});

test('of an archive in custom format only the beginning can be told', () => {
  assert.equal(dumpKind(Buffer.from('PGDMP\x01\x0e\x00')), 'postgres-custom');
  assert.equal(dumpProblem(ends('PGDMP\x01\x0e\x00')), undefined);
});

test('a dump of another program is not judged', () => {
  assert.equal(dumpKind(Buffer.from('CREATE TABLE t (x int);\n')), 'unknown');
  assert.equal(dumpProblem(ends('CREATE TABLE t (x int);\n')), undefined);
});

test('a dump of sqlite3 ends with its commit, not with the rollback of one that failed', () => {
  const text = (last: string) => `PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (x);\n${last}`;
  assert.equal(dumpKind(Buffer.from(text(''))), 'sqlite');
  assert.equal(dumpProblem(ends(text('COMMIT;\n'))), undefined);
  for (const last of ['', 'COMMIT', "INSERT INTO t VALUES('COMMIT;');\n", 'ROLLBACK; -- due to errors\n']) {
    assert.match(dumpProblem(ends(text(last))) ?? '', /lacks its last line "COMMIT;"/);
  }
});
