import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from './explain.ts';

const ABOUT = { source: 'lab', options: { server: 'db.example.org', socket: undefined } };
const EXIT = { code: 2, signal: null };

/** What programs and servers say, and the code of the error it becomes. */
const SAID: readonly (readonly [stderr: string, code: string])[] = [
  ["ERROR 1045 (28000): Access denied for user 'app'@'localhost' (using password: YES)", 'source.denied'],
  ['mysqldump: Got error: 1045: "Access denied for user" when trying to connect', 'source.denied'],
  [
    "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)",
    'source.unreachable',
  ],
  [
    "mariadb-dump: Got error: 2003: \"Can't connect to server on '127.0.0.1' (111)\" when trying to connect",
    'source.unreachable',
  ],
  ["ERROR 2005 (HY000): Unknown server host 'db' (-2)", 'source.unreachable'],
  [
    'mysqldump: Error 2013: Lost connection to server during query when dumping table `big` at row: 12',
    'source.unreachable',
  ],
  ["ERROR 1049 (42000): Unknown database 'shop'", 'source.missing'],
  [
    "mysqldump: Couldn't execute 'show events': Access denied for user 'few'@'%' to database 'lab' (1044)",
    'source.denied',
  ],
  ['mysqldump: app@% has insufficent privileges to SHOW CREATE FUNCTION `f`!', 'source.denied'],
  [
    "mysqldump: Couldn't execute 'SHOW FIELDS FROM `v`': View 'lab.v' references invalid table(s) (1356)",
    'source.failed',
  ],
  [
    "mysqldump: Error: 'Access denied; you need (at least one of) the PROCESS privilege(s) for this operation' (1227)",
    'source.denied',
  ],
  [
    "mysqldump: Error 1194: Table 'old' is marked as crashed and should be repaired when dumping table `old`",
    'source.corrupt',
  ],
  [
    'mysqldump: Error 1412: Table definition has changed, please retry transaction when dumping table `t`',
    'source.failed',
  ],
  ['ERROR 1205 (HY000) at line 4: Lock wait timeout exceeded; try restarting transaction', 'source.locked'],
  ["ERROR 1153 (08S01) at line 40: Got a packet bigger than 'max_allowed_packet' bytes", 'source.failed'],
  ["ERROR 1114 (HY000) at line 12: The table 't' is full", 'target.full'],
  ['ERROR 1040 (08004): Too many connections', 'source.unreachable'],
  ['ERROR 1064 (42000) at line 3: You have an error in your SQL syntax', 'source.failed'],
];

test('what the programs say becomes an error with a cause and a remedy', () => {
  for (const [stderr, code] of SAID) {
    const error = explain(ABOUT, 'dump', `--------------\nSELECT 1\n--------------\n\n${stderr}\n`, EXIT);
    assert.equal(error?.code, code, stderr);
    assert.ok(error.message.includes(stderr.slice(0, 40)), error.message);
    if (!stderr.includes('1064')) assert.notEqual(error.hint, undefined, stderr);
  }
});

test('what is not known is left to the general error', () => {
  assert.equal(explain(ABOUT, 'dump', 'unknown option --x', EXIT), undefined);
});
