import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { asTransaction } from '../../src/sources/postgres/restore-context.ts';
import { startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';

const SCRIPT = 'DROP TABLE t;\nCREATE TABLE t (x int);\nCOPY t FROM stdin;\n10\n20\n\\.\n';

test('a script that is cut, as by a kill, changes nothing in the database', {
  skip: skipWithout('pg_ctl'),
}, async () => {
  await using server = await startPostgres();
  await server.sql('CREATE TABLE t (x int); INSERT INTO t VALUES (1)');
  const chunks: Uint8Array[] = [];
  const script = (async function* () {
    yield Buffer.from(SCRIPT);
  })();
  for await (const chunk of asTransaction(script)) chunks.push(chunk);
  const whole = Buffer.concat(chunks).toString();
  const argv = [join(server.bin, 'psql'), '-X', '-q', '--set=ON_ERROR_STOP=1', '--file=-', '-d', 'postgres'];
  const send = (stdin: string) => expectSuccess(argv, { env: server.env, stdin });
  for (const mark of ['10\n', '20\n', '\\.\n']) {
    await send(whole.slice(0, whole.indexOf(mark) + mark.length));
    assert.equal(await server.sql('SELECT * FROM t'), '1', mark);
  }
  await send(whole);
  assert.equal(await server.sql('SELECT * FROM t'), '10\n20');
});
