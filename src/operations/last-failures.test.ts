import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Catalog, Outcome } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import { lastFailures } from './last-failures.ts';

const jobs = [{ job: 'nightly', sources: ['db', 'media'] }];

describe('of which sources the last backup failed', () => {
  let folder: string;
  let catalog: Catalog;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-failures-'));
    catalog = openSqliteCatalog({ path: join(folder, 'catalog.db') });
  });
  afterEach(async () => {
    await catalog[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const hour = (number: number) => new Date(Date.UTC(2026, 0, 1, number));

  /** A run at that hour with the endings of sources in `vault`; without an end its process died. */
  async function run(at: number, members: Readonly<Record<string, Outcome>>, how: { job?: string; died?: true } = {}) {
    const id = `R${at}`;
    await catalog.beginRun({ id, verb: 'backup', job: how.job ?? 'nightly', startedAt: hour(at) });
    for (const [source, outcome] of Object.entries(members)) {
      const error = outcome === 'failed' ? { code: 'source.missing', message: `${source} is gone` } : undefined;
      const common = { repository: 'vault', startedAt: hour(at), endedAt: hour(at), snapshot: undefined, stats: {} };
      await catalog.recordMember(id, { ...common, source, outcome, warningCount: 0, warnings: [], error });
    }
    const endedAt = hour(at);
    if (how.died !== true) await catalog.endRun(id, { endedAt, outcome: 'failed', exitCode: 1 });
  }

  async function failed(repository = 'vault') {
    const found = await lastFailures({ repository, jobs, catalog, failures: [] });
    return [...found].map(([source, { time, message }]) => `${source} ${time.getUTCHours()} ${message}`);
  }

  test('only the newest run that tells of a source counts, also one of a single source', async () => {
    await run(1, { db: 'failed', media: 'failed' });
    assert.deepEqual(await failed(), ['db 1 db is gone', 'media 1 media is gone']);
    await run(2, { db: 'ok', media: 'failed' });
    assert.deepEqual(await failed(), ['media 2 media is gone']);
    await run(3, { media: 'warnings' }, { job: '' });
    assert.deepEqual(await failed(), []);
    await run(4, { db: 'interrupted' });
    assert.deepEqual(await failed(), ['db 4 it was interrupted']);
    assert.deepEqual(await failed('other'), []);
  });

  test('a run whose process died failed for all that it had not come to', async () => {
    await run(1, { db: 'ok', media: 'ok' });
    await run(2, { db: 'ok' }, { died: true });
    assert.deepEqual(await failed(), []);
    await catalog[Symbol.asyncDispose]();
    // The next process notices.
    catalog = openSqliteCatalog({ path: join(folder, 'catalog.db') });
    assert.deepEqual(await failed(), ['media 2 its process ended before it was done']);
  });

  test('what the repository itself recorded counts, and a later success in the catalog does not hide it here', async () => {
    const failures = [{ id: 'db_1', time: hour(5), source: 'db', message: 'pg_dump exited with 1' }];
    const found = await lastFailures({ repository: 'vault', jobs, catalog: undefined, failures });
    assert.deepEqual(found.get('db'), { time: hour(5), message: 'pg_dump exited with 1' });
  });
});
