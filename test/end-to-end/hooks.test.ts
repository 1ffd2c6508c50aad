import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runProgram } from '../fixtures/run-program.ts';
import { SURETY, type Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { makeDatabase } from './sample-database.ts';

interface Document {
  readonly outcome: string;
  readonly runs: readonly {
    readonly outcome: string;
    readonly complete: boolean;
    readonly recoveryPoint: string;
    readonly members: readonly {
      readonly source: string;
      readonly outcome: string;
      readonly facts?: { readonly fingerprint?: { readonly tables: readonly object[] } };
      readonly verified?: { readonly depth: string };
      readonly error?: { readonly code: string };
    }[];
    readonly hooks: readonly { readonly source: string; readonly phase: string; readonly outcome: string }[];
  }[];
}

describe('a job with hooks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-job-hooks-'));
  const surety: Surety = suretyHere(folder, { VAULT_PASSWORD: 'secret' });
  const refusing = { before: ['exit 7'], after: ['touch undone'] };
  const configuration = {
    sources: {
      media: { type: 'files', paths: ['media'] },
      app: { type: 'sqlite', path: 'app.db' },
      broken: { type: 'files', paths: ['media'], hooks: refusing },
    },
    repositories: { vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } } },
    jobs: {
      good: {
        sources: ['media', 'app'],
        to: ['vault'],
        verify_after: true,
        hooks: { before: ['echo begun > begun'], after: ['echo $SURETY_OUTCOME > ended'] },
      },
      warned: { sources: ['media'], to: ['vault'], hooks: { after: ['echo disk is busy >&2; exit 3'] } },
      strict: { sources: ['media'], to: ['vault'], hooks: { after: [{ run: 'exit 3', on_failure: 'abort' }] } },
      refused: { sources: ['broken', 'media'], to: ['vault'] },
      nothing: { sources: ['media'], to: ['vault'], hooks: { before: ['exit 1'], after: ['touch nothing-after'] } },
    },
  };

  before(async () => {
    mkdirSync(join(folder, 'media'));
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'media', 'file'), 'content');
    makeDatabase(join(folder, 'app.db'));
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
    await surety.run('init');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim();

  async function backup(job: string): Promise<{ code: number; run: Document['runs'][number] }> {
    const { code, stdout, stderr } = await surety.attempt('backup', job, '--json');
    assert.doesNotThrow(() => JSON.parse(stdout), stderr);
    return { code, run: (JSON.parse(stdout) as Document).runs[0]! };
  }

  test('runs them in the folder of the configuration, wherever it was started, and tells of them', async () => {
    const home = join(folder, '.home');
    const env = { VAULT_PASSWORD: 'secret', HOME: home, XDG_STATE_HOME: join(home, 'state') };
    const argv = [SURETY, 'backup', 'good', '--json', '--config', join(folder, 'surety.yaml')];
    const done = await runProgram(argv, { cwd: join(folder, 'elsewhere'), env });
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.deepEqual([read('begun'), read('ended')], ['begun', 'ok']);
    const run = (JSON.parse(done.stdout) as Document).runs[0]!;
    const [app, media] = run.members;
    assert.deepEqual([app?.source, media?.source], ['app', 'media']);
    assert.ok((app?.facts?.fingerprint?.tables.length ?? 0) > 0);
    assert.deepEqual([app?.verified?.depth, media?.verified?.depth], ['data', 'data']);
    assert.deepEqual(
      run.hooks.map(({ source, phase, outcome }) => [source, phase, outcome]),
      [
        ['', 'before', 'ok'],
        ['', 'after', 'ok'],
      ],
    );
    const shown = await surety.run('show', run.recoveryPoint);
    assert.match(shown, /complete, 2 of 2 sources in vault\n {2}app +sqlite .* tables?, /);
    assert.match(shown, /after hook 1 \(echo\) of job good: ok/);
  });

  test('is warned about with exit code 3 when one after it fails, or fails where that is said', async () => {
    const warned = await backup('warned');
    assert.deepEqual([warned.code, warned.run.outcome, warned.run.complete], [3, 'warnings', true]);
    const text = await surety.attempt('backup', 'warned');
    assert.match(text.stdout, /after hook 1 \(echo\) of job warned exited with code 3:\n {4}disk is busy\n/);
    const strict = await backup('strict');
    assert.deepEqual([strict.code, strict.run.outcome, strict.run.complete], [1, 'failed', true]);
  });

  test('goes on with the other sources when one before a source fails', async () => {
    const { code, run } = await backup('refused');
    assert.equal(code, 1);
    assert.deepEqual(
      run.members.map(({ source, outcome, error }) => [source, outcome, error?.code]),
      [
        ['broken', 'failed', 'hook.failed'],
        ['media', 'ok', undefined],
      ],
    );
    assert.equal(read('undone'), '');
  });

  test('backs up nothing when one before the job fails', async () => {
    const { code, run } = await backup('nothing');
    assert.equal(code, 1);
    assert.deepEqual(
      run.members.map(({ error }) => error?.code),
      ['hook.failed'],
    );
    assert.equal(read('nothing-after'), '');
  });
});
