import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../base/secret.ts';
import { openLocal } from '../../reach/local.ts';
import { programArgv } from './client.ts';
import { dumpArgs } from './dump.ts';
import { mysqlOptions, mysqlSchema } from './options.ts';
import { parseServerVersion, parseToolVersion } from './version.ts';

const parse = (raw: object) => mysqlOptions(mysqlSchema.parse(raw));

test('users are backed up with all databases, else only on request', () => {
  assert.equal(parse({ databases: 'all' }).users, true);
  assert.equal(parse({ databases: 'all', users: false }).users, false);
  assert.equal(parse({ databases: ['a'] }).users, false);
  assert.equal(parse({ database: 'a', users: true }).users, true);
});

test('contradictions are errors', () => {
  for (const raw of [
    {},
    { database: 'a', databases: 'all' },
    { databases: ['a'], tables: ['t'] },
    { database: 'a', server: 'h', socket: '/s' },
  ]) {
    assert.equal(mysqlSchema.safeParse(raw).success, false, JSON.stringify(raw));
  }
});

test('where the server is becomes options of the programs; a password keeps option files out', () => {
  const program = { path: 'mysqldump', version: parseToolVersion('mysqldump  Ver 8.0.36 for Linux') };
  const argv = (raw: object, password?: Secret) =>
    programArgv({ source: 'lab', reach: openLocal(), options: parse({ database: 'a', ...raw }), password }, program, [
      'x',
    ]);
  assert.deepEqual(argv({}), ['mysqldump', 'x']);
  const remote = argv({ server: 'localhost', port: 3307, user: 'app' }, new Secret('hidden'));
  assert.deepEqual(remote, [
    'mysqldump',
    '--no-defaults',
    '--host=localhost',
    '--protocol=TCP',
    '--port=3307',
    '--user=app',
    'x',
  ]);
  assert.deepEqual(argv({ options_file: '/etc/dump.cnf' }), ['mysqldump', '--defaults-file=/etc/dump.cnf', 'x']);
});

test('the programs of MySQL get the options that only they know', () => {
  const server = { source: 'lab', reach: openLocal(), options: parse({ database: '-a' }), password: undefined };
  const args = (tool: string, version: string) => {
    const program = { path: 'mysqldump', version: parseToolVersion(tool) };
    const tools = { client: program, dump: program, version: parseServerVersion(version) };
    return dumpArgs(server, tools, { database: '-a', tables: ['-t'], exclude: ['log'] });
  };
  const mysql = args('mysqldump  Ver 8.0.36 for Linux', '8.0.36');
  assert.ok(mysql.includes('--set-gtid-purged=OFF') && !mysql.includes('--column-statistics=0'));
  assert.ok(args('mysqldump  Ver 8.0.36 for Linux', '10.11.2-MariaDB').includes('--column-statistics=0'));
  const mariadb = args('mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB', '10.11.2-MariaDB');
  assert.ok(!mariadb.some((argument) => /gtid|statistics/.test(argument)));
  assert.deepEqual(mariadb.slice(-4), ['--ignore-table=-a.log', '--', '-a', '-t']);
});
