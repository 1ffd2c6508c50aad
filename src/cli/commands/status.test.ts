import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initCheaply } from '../../../test/fixtures/cheap-repository.ts';
import { freePorts } from '../../../test/fixtures/free-ports.ts';
import { memoryTerminal } from '../../../test/fixtures/memory-terminal.ts';
import { openSqliteCatalog } from '../../catalog/sqlite/open.ts';
import type { StatusReport } from '../../operations/status.ts';
import { openLocalStore } from '../../stores/local/open.ts';
import { runCommandLine } from '../main.ts';

describe('surety status', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-status-'));
  const path = (...names: string[]) => join(folder, ...names);

  before(async () => {
    process.env.VAULT_PASSWORD = 'secret';
    process.env.XDG_STATE_HOME = path('state');
    const configuration = {
      sources: {
        data: { type: 'files', paths: ['data'], importance: 'must', rpo: '24h', rto: '1h' },
        media: { type: 'files', paths: ['media'] },
        alone: { type: 'files', paths: ['data'] },
      },
      repositories: {
        vault: { type: 'restic', store: `file:${path('vault')}`, password: { env: 'VAULT_PASSWORD' } },
        plain: { type: 'archive', store: `file:${path('plain')}` },
      },
      jobs: { main: { sources: ['data', 'media'], to: ['vault', 'plain'] } },
    };
    writeFileSync(path('surety.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    await initCheaply(await openLocalStore({ path: path('vault'), create: true }), 'secret');
    await run('init');
    for (const name of ['data', 'media']) {
      mkdirSync(path(name));
      writeFileSync(path(name, 'a'), name.repeat(1000));
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  async function run(...argv: string[]) {
    const terminal = memoryTerminal();
    const exitCode = await runCommandLine(
      ['--config', path('surety.yaml'), '--no-progress', ...argv],
      terminal,
      new AbortController().signal,
    );
    return { exitCode, out: terminal.outText, err: terminal.errText };
  }

  async function status(...argv: string[]) {
    const { exitCode, out } = await run('status', '--json', ...argv);
    const report: StatusReport = JSON.parse(out);
    const source = (name: string) => report.sources.find((one) => one.name === name)!;
    const repository = (name: string) => report.repositories.find((one) => one.repository === name)!;
    return { exitCode, report, source, repository };
  }

  test('before the first backup a source with an rpo is late, one without is only told of', async () => {
    const { exitCode, source } = await status();
    assert.equal(exitCode, 3);
    assert.deepEqual([source('data').verdict.state, source('media').verdict.state], ['late', 'none']);
  });

  test('after a backup all is well, and nothing is claimed that was not measured', async () => {
    assert.equal((await run('backup')).exitCode, 0);
    const { exitCode, source, repository } = await status();
    assert.equal(exitCode, 0);
    const { newest, lastAttempt, verdict, restoreTime, provenAt } = source('data');
    assert.deepEqual([newest?.copies, lastAttempt?.outcome, verdict.rpoKept], [['vault', 'plain'], 'ok', true]);
    assert.deepEqual([restoreTime, provenAt, verdict.rtoKept], [undefined, undefined, undefined]);
    assert.deepEqual(
      source('alone').verdict.reasons.map(({ code }) => code),
      ['no-job', 'no-backup'],
    );
    assert.deepEqual([repository('vault').snapshots, repository('vault').usage?.isWhole], [2, true]);
    const stored = globSync('plain/**/*', { cwd: folder, withFileTypes: true }).filter((one) => one.isFile());
    assert.ok(stored.length >= 4 && (repository('plain').usage?.storedBytes ?? 0) > 0);
  });

  test('a restore is a measurement and a proof', async () => {
    assert.equal((await run('restore', 'latest', '--source', 'data', '--target', path('restored'))).exitCode, 0);
    const { source } = await status('--source', 'data');
    const { restoreTime, provenAt, verdict } = source('data');
    assert.equal(restoreTime?.from, 'restores');
    assert.ok(provenAt !== undefined && (restoreTime?.expectedMs ?? 0) > 0);
    assert.deepEqual([verdict.state, verdict.rtoKept, verdict.reasons], ['ok', true, []]);
  });

  test('a failed backup is told with its reason until one succeeds', async () => {
    renameSync(path('media'), path('moved'));
    assert.equal((await run('backup')).exitCode, 1);
    const failing = await run('status');
    assert.equal(failing.exitCode, 3);
    assert.match(
      failing.out,
      /^failed {2}media: its last backup into vault and plain, .* ago, failed: .*does not exist$/m,
    );
    assert.match(failing.out, /^1 of 3 sources needs you\.$/m);
    const { source, repository } = await status();
    assert.deepEqual([source('media').lastAttempt?.outcome, source('data').verdict.state], ['failed', 'ok']);
    assert.deepEqual(repository('vault').failing, ['media']);
    renameSync(path('moved'), path('media'));
    assert.equal((await run('backup')).exitCode, 0);
    assert.equal((await status()).exitCode, 0);
  });

  test('what was killed is told until it was done', async () => {
    const [file = ''] = globSync('state/surety/*/catalog.db', { cwd: folder });
    {
      await using catalog = openSqliteCatalog({ path: path(file) });
      await catalog.beginRun({ id: 'gone', verb: 'verify', job: '', startedAt: new Date() });
    }
    assert.deepEqual(
      (await status()).report.killed.map(({ id }) => id),
      ['gone'],
    );
    assert.match((await run('status')).out, /^killed: verify \(gone\), begun /m);
    assert.equal((await run('verify')).exitCode, 0);
    assert.deepEqual((await status()).report.killed, []);
  });

  test('a backup that is unlike those before it is stored with a warning, and told of', async () => {
    const [file = ''] = globSync('state/surety/*/catalog.db', { cwd: folder });
    const usual = (day: number) => {
      const startedAt = new Date(Date.now() - day * 86_400_000);
      const head = { repository: 'plain', repositoryId: '', id: `usual-${day}`, source: 'media', host: '', paths: [] };
      const snapshot = { ...head, tags: [], time: startedAt, recoveryPoint: `day-${day}`, sizeBytes: 40 * 1024 ** 2 };
      const end = { startedAt, endedAt: startedAt, outcome: 'ok' as const, stats: {}, warningCount: 0, warnings: [] };
      return { source: 'media', repository: 'plain', snapshot, error: undefined, ...end };
    };
    {
      await using catalog = openSqliteCatalog({ path: path(file) });
      for (const day of [1, 2, 3, 4, 5, 6, 7]) {
        const member = usual(day);
        await catalog.beginRun({ id: `day-${day}`, verb: 'backup', job: 'main', startedAt: member.startedAt });
        await catalog.recordMember(`day-${day}`, member);
        await catalog.endRun(`day-${day}`, { endedAt: member.endedAt, outcome: 'ok', exitCode: 0 });
        await catalog.removeSnapshots('plain', [member.snapshot.id]);
      }
    }
    const before = (await status()).repository('plain').snapshots;
    const odd = await run('backup', '--source', 'media');
    assert.equal(odd.exitCode, 3);
    assert.match(odd.out, /this backup is much smaller than usual: 4.88 KiB, and about 40 MiB before$/m);
    assert.match(odd.out, /is complete, with warnings/);
    const after = await status();
    assert.deepEqual([after.exitCode, after.repository('plain').snapshots], [0, before + 1]);
    const told = (await run('status')).out;
    assert.match(
      told,
      /^note: media: its last backup into plain is much smaller than usual: 4.88 KiB, and about 40 MiB/m,
    );
    assert.doesNotMatch(told, /into vault/);
  });

  test('a backup that was found damaged is not the newest good one', async () => {
    const { source: whole } = await status('--repository', 'plain');
    writeFileSync(path('plain', 'files', `${whole('media').newest?.snapshot}.tar.gz`), 'damaged');
    assert.equal((await run('verify', '--read-data', '--repository', 'plain')).exitCode, 1);
    const { exitCode, source, repository } = await status('--repository', 'plain');
    assert.deepEqual([exitCode, repository('plain').damaged], [3, 1]);
    assert.equal(source('media').verdict.state, 'damaged');
    assert.notEqual(source('media').newest?.snapshot, whole('media').newest?.snapshot);
  });

  test('a lost catalog takes history, not what the repositories tell', async () => {
    rmSync(path('state'), { recursive: true });
    const { exitCode, source } = await status();
    assert.equal(exitCode, 0);
    assert.deepEqual([source('data').verdict.rpoKept, source('data').verdict.state], [true, 'unproven']);
    assert.ok(source('data').lastAttempt !== undefined);
  });

  test('a repository that is not there is told of, with what is remembered of it', async () => {
    await run('catalog', 'rebuild');
    renameSync(path('vault'), path('away'));
    const { exitCode, repository, source } = await status();
    assert.equal(exitCode, 3);
    assert.deepEqual([repository('vault').from, repository('vault').error?.code], ['catalog', 'repository.missing']);
    assert.ok(repository('vault').snapshots > 0);
    assert.equal(source('data').verdict.state, 'unproven');
    renameSync(path('away'), path('vault'));
  });

  test('a store that refuses connections is told of within seconds', async () => {
    const [port] = await freePorts(1);
    const s3 = {
      ...{ bucket: 'bucket', prefix: 'vault', endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' },
      ...{ access_key_id: { env: 'VAULT_PASSWORD' }, secret_access_key: { env: 'VAULT_PASSWORD' } },
    };
    const configuration = {
      sources: { data: { type: 'files', paths: ['data'] } },
      repositories: { away: { type: 'restic', store: { s3 }, password: { env: 'VAULT_PASSWORD' } } },
      jobs: { main: { sources: ['data'], to: ['away'] } },
    };
    writeFileSync(path('away.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    const startedMs = performance.now();
    const { exitCode, repository } = await status('--config', path('away.yaml'));
    const tookMs = performance.now() - startedMs;
    assert.deepEqual([exitCode, repository('away').error?.code], [3, 'store.unavailable']);
    assert.ok(tookMs < 10_000, `it took ${tookMs} ms`);
  });

  test('a name that is not in the configuration is a mistake', async () => {
    const { exitCode, err } = await run('status', '--source', 'dta');
    assert.equal(exitCode, 2);
    assert.match(err, /there is no source named dta\nhint: did you mean data/);
  });
});
