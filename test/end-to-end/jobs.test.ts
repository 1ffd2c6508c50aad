import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { lockRun } from '../../src/daemon/run-lock.ts';
import { stateFolder } from '../../src/daemon/state-folder.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

describe('several jobs', () => {
  let folder = '';
  let surety: Surety;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'surety-jobs-'));
    for (const name of ['a', 'b']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'file'), name);
    }
    const vault = { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } };
    const configuration = {
      sources: { a: { type: 'files', paths: ['a'] }, b: { type: 'files', paths: ['b'] } },
      repositories: { vault, second: { ...vault, store: 'file:second' } },
      jobs: { hourly: { sources: ['a'], to: ['vault'] }, nightly: { sources: ['b'], to: ['vault', 'second'] } },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
    surety = suretyHere(folder, { VAULT_PASSWORD: 'secret' });
    await surety.run('init');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  interface Runs {
    readonly outcome: string;
    readonly runs: readonly { job: string; outcome: string; members?: { source: string; repository: string }[] }[];
  }

  const membersOf = ({ runs }: Runs) =>
    runs.map(({ job, members }) => [
      job,
      ...(members ?? []).map(({ source, repository }) => `${source} ${repository}`),
    ]);

  test('all of them run, each into its own repositories', async () => {
    const done = await surety.json<Runs>('backup');
    assert.deepEqual(membersOf(done), [
      ['hourly', 'a vault'],
      ['nightly', 'b vault', 'b second'],
    ]);
  });

  test('one can be chosen, and single sources go to the repositories of their jobs', async () => {
    assert.deepEqual(membersOf(await surety.json<Runs>('backup', 'hourly')), [['hourly', 'a vault']]);
    assert.deepEqual(membersOf(await surety.json<Runs>('backup', '--source', 'b')), [['', 'b vault', 'b second']]);
    const narrowed = await surety.json<Runs>('backup', 'nightly', '--repository', 'second');
    assert.deepEqual(membersOf(narrowed), [['nightly', 'b second']]);
  });

  test('one that is busy does not keep the others from running, and the exit code says so', async () => {
    process.env.XDG_STATE_HOME = join(folder, '.home', 'state');
    using _held = lockRun(join(stateFolder(realpathSync(join(folder, 'surety.yaml'))), 'locks'), 'hourly');
    const done = await surety.attempt('backup', '--json');
    assert.equal(done.code, 4, done.stderr);
    const { runs } = JSON.parse(done.stdout) as Runs;
    assert.deepEqual(
      runs.map(({ job, outcome }) => `${job} ${outcome}`),
      ['hourly failed', 'nightly ok'],
    );
  });

  test('a job without `keep` loses nothing to cleanup', async () => {
    const output = await surety.run('cleanup', '--dry-run');
    assert.match(output, /job hourly keeps everything/);
    assert.match(output, /0 snapshots would be removed/);
  });
});
