import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommandLine } from '../../src/cli/main.ts';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { memoryTerminal } from '../fixtures/memory-terminal.ts';
import { skipWithout } from '../fixtures/programs.ts';

describe('restore of a MariaDB database from the command line', {
  skip: skipWithout('mariadbd', 'mariadb-dump'),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-restore-my-'));
  const path = (...names: string[]) => join(folder, ...names);
  let server: MariadbServer;

  before(async () => {
    server = await startMariadb();
    process.env.VAULT_PASSWORD = 'secret';
    process.env.XDG_STATE_HOME = path('state');
    const configuration = {
      sources: {
        lab: { type: 'mysql', database: 'lab', socket: server.socket, user: 'root' },
        stage: { type: 'mysql', database: 'lab_stage', socket: server.socket, user: 'root' },
      },
      jobs: { main: { sources: ['lab'], to: ['vault'] } },
      repositories: { vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } } },
    };
    writeFileSync(path('surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    await initCheaply(await openLocalStore({ path: path('vault'), create: true }), 'secret');
    await server.sql(
      "CREATE DATABASE lab; CREATE TABLE lab.notes (text text); INSERT INTO lab.notes VALUES ('before')",
    );
    const { exitCode, all } = await run([], 'backup');
    assert.equal(exitCode, 0, all);
    await server.sql("UPDATE lab.notes SET text = 'since'");
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function run(answers: readonly string[] | undefined, ...argv: string[]) {
    const terminal = memoryTerminal(answers === undefined ? {} : { answers });
    const more = ['--config', path('surety.yaml'), '--no-progress'];
    const exitCode = await runCommandLine([...argv, ...more], terminal, new AbortController().signal);
    return { exitCode, err: terminal.errText, all: terminal.outText + terminal.errText };
  }

  const note = (database = 'lab') => server.sql(`SELECT text FROM ${database}.notes`);

  test('into another source, in the place of the database of that one', async () => {
    await server.sql('CREATE DATABASE lab_stage');
    const done = await run([], 'restore', 'latest', '--source', 'lab', '--into', 'stage', '--force');
    assert.equal(done.exitCode, 0, done.all);
    assert.deepEqual([(await note()).trim(), (await note('lab_stage')).trim()], ['since', 'before']);
  });

  test('beside the one that is there, then in its place after the word; the old one is kept', async () => {
    assert.equal((await run(undefined, 'restore', 'latest')).exitCode, 2);
    const beside = await run(undefined, 'restore', 'latest', '--as', 'lab_yesterday');
    assert.equal(beside.exitCode, 0, beside.all);
    assert.deepEqual([(await note()).trim(), (await note('lab_yesterday')).trim()], ['since', 'before']);
    const done = await run(['yes'], 'restore', 'latest');
    assert.equal(done.exitCode, 0, done.all);
    assert.match(done.err, /what is there is REPLACED: a new database takes its name/);
    assert.equal((await note()).trim(), 'before');
    const kept = (await server.sql('SHOW DATABASES')).split('\n').filter((name) => /^lab_before/.test(name.trim()));
    assert.equal(kept.length, 1, done.all);
    assert.equal((await note(kept[0]!.trim())).trim(), 'since');
  });
});
